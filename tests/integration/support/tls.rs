//! A certificate authority of our own, for RTMPS both ways and HTTPS.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::GUARD;
use super::scratch::Scratch;

/// PEM files: the authority's certificate, and a server's chain and key for `localhost` and 127.0.0.1.
pub(crate) struct Authority {
    scratch: Scratch,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new("tls");
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names, no bad name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "gostream test authority");
        let key = KeyPair::generate().expect("a key");
        let authority = params.self_signed(&key).expect("a certificate");
        std::fs::write(scratch.join("authority.pem"), authority.pem()).expect("a file can be written");
        let authority = Self { scratch, issuer: Issuer::new(params, key) };
        authority.issue();
        authority
    }

    /// Puts a new certificate and key in the place of the server's.
    pub(crate) fn issue(&self) {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(names).expect("good names").signed_by(&key, &self.issuer);
        std::fs::write(self.server_chain(), server.expect("a certificate").pem()).expect("written");
        std::fs::write(self.server_key(), key.serialize_pem()).expect("written");
    }

    /// The server's certificate as it is now.
    pub(crate) fn issued(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.server_chain()).expect("the authority wrote one there")
    }

    /// Connects to `server` as somebody who trusts the authority and knows the server by `name`. The handshake
    /// happens with the first byte.
    pub(crate) fn connect(
        &self,
        server: SocketAddr,
        name: &str,
        adjust: impl FnOnce(&mut ClientConfig),
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(self.certificate()).expect("the authority's own");
        roots.add(root).expect("a root");
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        adjust(&mut config);
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let session = ClientConnection::new(Arc::new(config), name).expect("a client");
        let socket = TcpStream::connect(server).expect("the engine listens");
        socket.set_read_timeout(Some(GUARD)).expect("a timeout");
        StreamOwned::new(session, socket)
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
