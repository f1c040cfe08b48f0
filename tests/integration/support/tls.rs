//! A certificate authority of our own, for RTMPS both ways.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::scratch::Scratch;

/// PEM files: the authority's certificate, and a server's chain and key for `localhost` and 127.0.0.1.
pub(crate) struct Authority {
    scratch: Scratch,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new("tls");
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names, no bad name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "gostream test authority");
        let key = KeyPair::generate().expect("a key");
        let authority = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);

        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let server_key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(names).expect("good names").signed_by(&server_key, &issuer);
        let server = server.expect("a certificate");

        let write = |name: &str, text: String| {
            std::fs::write(scratch.join(name), text).expect("a file can be written")
        };
        write("authority.pem", authority.pem());
        write("server.pem", server.pem());
        write("server.key", server_key.serialize_pem());
        Self { scratch }
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.scratch.join("authority.pem")
    }

    pub(crate) fn server_chain(&self) -> PathBuf {
        self.scratch.join("server.pem")
    }

    pub(crate) fn server_key(&self) -> PathBuf {
        self.scratch.join("server.key")
    }
}
