//! What `tracing` gets to see.

use std::fmt::{Debug, Write};

use futures_util::StreamExt;
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;
use crate::backend::*;
use crate::layers::Trace;
use crate::query::Condition;

/// Collects spans and events as lines of text.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "micros" {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "dataknobs_data" && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut line = Line(attributes.metadata().name().to_owned());
        attributes.record(&mut line);
        self.0.lock().push(line.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

async fn lines(double: Double, faults: &Faults) -> Vec<String> {
    let collector = Collector::default();
    let _default = tracing::subscriber::set_default(collector.clone());
    let backend = Trace::new().wrap(faults.wrap(Arc::new(double)));
    backend.write(write("secret-id", WriteAction::Create(person(1)))).await.unwrap();
    backend.write(write("secret-id", WriteAction::Create(person(1)))).await.unwrap_err();
    faults.on(Operation::Read, When::Always, Effect::FailBefore(ErrorKind::Connection));
    backend.read(ReadRequest::new("secret-id")).await.unwrap_err();
    let mut stream = backend.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().len(), 1);
    drop(stream);
    faults.on(Operation::NextChunk, When::Always, Effect::FailBefore(ErrorKind::Io));
    let mut stream = backend.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    assert!(stream.next().await.unwrap().is_err());
    drop(stream);
    let transaction = backend.transactional().unwrap().begin(TransactionOptions::default()).await.unwrap();
    transaction.commit().await.unwrap();
    std::mem::take(&mut *collector.0.lock())
}

#[tokio::test]
async fn calls_are_reported_without_ids_and_values() {
    for double in [Double::ready(), Double::new()] {
        let lines = lines(double, &Faults::seeded(1)).await;
        let span = |operation: &str| format!("store_call operation=\"{operation}\" backend=\"double\"");
        let done = "DEBUG message=done outcome=\"ok\"".to_owned();
        let scanned = "DEBUG message=stream ended outcome=\"ok\" chunks=1 records=1";
        let expected = [
            span("create"),
            done.clone(),
            span("create"),
            "INFO message=refused outcome=\"AlreadyExists\"".to_owned(),
            span("read"),
            "WARN message=failed outcome=\"Connection\"".to_owned(),
            span("scan"),
            done.clone(),
            span("next_chunk"),
            scanned.to_owned(),
            span("scan"),
            done.clone(),
            span("next_chunk"),
            "WARN message=stream failed outcome=\"Io\" chunks=0 records=0".to_owned(),
            span("begin"),
            done.clone(),
            span("commit"),
            done,
        ];
        assert_eq!(lines, expected);
        assert!(!lines.concat().contains("secret"));
    }
}

#[tokio::test(start_paused = true)]
async fn retries_are_reported() {
    let collector = Collector::default();
    let _default = tracing::subscriber::set_default(collector.clone());
    let setup = Setup::new(2);
    setup.faults.on(Operation::Read, When::Call(1), Effect::FailBefore(ErrorKind::Connection));
    assert_eq!(stored(&setup.client, "a").await, None);
    let lines = collector.0.lock();
    assert!(lines[0].starts_with("DEBUG message=will try again operation=\"read\" attempt=1"), "{lines:?}");
}
