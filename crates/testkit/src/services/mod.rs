//! Real servers for tests: started when they are first needed, gone when the process is.

mod postgres;

pub use postgres::{Locale, POSTGRES_VARIABLE, PostgresServer, postgres};
