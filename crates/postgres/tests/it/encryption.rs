//! Encrypted connections, to servers that prove who they are and to those that do not.

use std::path::PathBuf;
use std::time::Duration;

use dataknobs_data_core::{Error, ErrorKind, Query};
use dataknobs_data_postgres::{PostgresConfig, SslMode};
use dataknobs_data_testkit::services::PostgresServer;
use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use crate::support::database;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `localhost` and its key.
fn certificate(authority: &Authority, until: i32) -> (String, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

struct Encrypted {
    server: PostgresServer,
    folder: tempfile::TempDir,
}

impl Encrypted {
    async fn present(&mut self, (certificate, key): (String, String)) {
        self.server.put_file("server.crt", &certificate).unwrap();
        self.server.put_file("server.key", &key).unwrap();
        let client = self.server.client("postgres").await.unwrap();
        client.execute("ALTER SYSTEM SET ssl = on", &[]).await.unwrap();
        client.execute("SELECT pg_reload_conf()", &[]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    fn trusting(&self, authority: &Authority, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, authority.pem()).unwrap();
        path
    }

    fn config(&self, host: &str, mode: SslMode, root: Option<PathBuf>) -> PostgresConfig {
        let mut config = self.server.config("postgres", "encrypted");
        config.host = host.to_owned();
        config.sslmode = Some(mode);
        config.sslrootcert = root;
        config
    }
}

async fn outcome(config: &PostgresConfig) -> Result<bool, Error> {
    let db = database(config);
    db.count(&Query::new()).await?;
    Ok(true)
}

async fn refused(config: &PostgresConfig, reason: &str) {
    let error = outcome(config).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Auth, false), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(text.contains(reason), "{text}");
    assert!(!text.contains("only for tests"), "a secret in {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_servers_have_to_prove_who_they_are() {
    let server = PostgresServer::start().unwrap();
    let mut encrypted = Encrypted { server, folder: tempfile::tempdir().unwrap() };
    let (ours, other) = (authority("ours"), authority("other"));
    let trusted = encrypted.trusting(&ours, "ours.pem");
    let untrusted = encrypted.trusting(&other, "other.pem");
    let full = |host: &str, root: &PathBuf, encrypted: &Encrypted| {
        encrypted.config(host, SslMode::VerifyFull, Some(root.clone()))
    };

    encrypted.present(certificate(&ours, 2100)).await;
    assert!(outcome(&full("localhost", &trusted, &encrypted)).await.unwrap());
    refused(&full("localhost", &untrusted, &encrypted), "UnknownIssuer").await;
    refused(&full("127.0.0.1", &trusted, &encrypted), "name").await;
    // Vouched for is enough for verify-ca, encrypted for require, and anything for prefer.
    for (mode, root) in [
        (SslMode::VerifyCa, Some(trusted.clone())),
        (SslMode::Require, None),
        (SslMode::Prefer, None),
        (SslMode::Disable, None),
    ] {
        assert!(outcome(&encrypted.config("127.0.0.1", mode, root)).await.unwrap(), "{mode:?}");
    }
    refused(&encrypted.config("127.0.0.1", SslMode::VerifyCa, Some(untrusted)), "UnknownIssuer").await;

    // Really encrypted.
    let client = encrypted.server.client("postgres").await.unwrap();
    let db = database(&full("localhost", &trusted, &encrypted));
    db.connect().await.unwrap();
    let text = "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                WHERE a.application_name = 'dataknobs-data' AND NOT s.ssl AND a.client_port IS NOT NULL";
    assert_eq!(client.query_one(text, &[]).await.unwrap().get::<_, i64>(0), 0);
    db.close().await.unwrap();

    encrypted.present(certificate(&ours, 2020)).await;
    refused(&full("localhost", &trusted, &encrypted), "xpired").await;
    refused(&encrypted.config("localhost", SslMode::VerifyCa, Some(trusted.clone())), "xpired").await;

    // Files that are no certificates.
    let nonsense = encrypted.folder.path().join("nonsense.pem");
    std::fs::write(&nonsense, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n").unwrap();
    for path in [nonsense, encrypted.folder.path().join("missing.pem")] {
        let config = full("localhost", &path, &encrypted);
        let error = dataknobs_data_postgres::PostgresBackend::new(config).unwrap_err();
        assert_eq!((error.kind(), error.context_value("key")), (ErrorKind::InvalidConfig, Some("`sslrootcert`")));
    }
}
