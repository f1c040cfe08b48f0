//! Who we are to TLS clients: a certificate and its key, read from files and read again when those change.
//!
//! A reload replaces the settings as a whole, sessions to resume included, so every connection that begins after it
//! sees the new certificate; those that are open go on under the old one. New files that are no good change nothing.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerSessionMemoryCache;

use super::tls::{TlsError, provider};
use crate::format::x509;

/// Sessions that may be resumed, of one protocol: what rustls keeps by itself.
const SESSIONS_KEPT: usize = 256;

/// What is spoken inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RTMP, which has no name in ALPN: what a client offers gets no answer.
    Rtmp,
    /// HTTP/2 or HTTP/1.1, as the client likes.
    Http,
}

/// What became of a look at the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    /// They are as they were.
    Unchanged,
    /// What they hold now is served.
    Yes,
    /// They hold nothing that can be served; what was served before still is.
    No,
}

/// Our certificate.
#[derive(Debug)]
pub struct Identity {
    cert: PathBuf,
    key: PathBuf,
    served: ArcSwap<Served>,
    /// The files when they were last read, whatever came of it.
    read: Mutex<[Stamp; 2]>,
    reloads: AtomicU64,
    failures: AtomicU64,
}

/// What connections that begin now are given.
#[derive(Debug)]
struct Served {
    rtmp: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
    expires: Option<i64>,
}

/// What tells one state of a file from another: device, inode, size, and time of the last change in nanoseconds.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

impl Identity {
    /// Reads a certificate chain and its private key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(cert: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let stamps = [stamp(cert), stamp(key)];
        let served = Served::read(cert, key)?;
        Ok(Arc::new(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            served: ArcSwap::from_pointee(served),
            read: Mutex::new(stamps),
            reloads: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }

    /// The settings of a connection that begins now.
    #[must_use]
    pub fn config(&self, protocol: Protocol) -> Arc<ServerConfig> {
        let served = self.served.load();
        match protocol {
            Protocol::Rtmp => Arc::clone(&served.rtmp),
            Protocol::Http => Arc::clone(&served.http),
        }
    }

    /// When the certificate ceases to be valid, in seconds since 1970.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.served.load().expires
    }

    /// Times that new files were taken into service.
    #[must_use]
    pub fn reloads(&self) -> u64 {
        self.reloads.load(Ordering::Relaxed)
    }

    /// Times that new files were no good.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Reads the files again where they changed, or in any case if `told`. Reads files: not for a thread of the runtime.
    pub fn reload(&self, told: bool) -> Reloaded {
        // A change after this is seen at the next look.
        let stamps = [stamp(&self.cert), stamp(&self.key)];
        let before =
            std::mem::replace(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner), stamps);
        if before == stamps && !told {
            return Reloaded::Unchanged;
        }
        match Served::read(&self.cert, &self.key) {
            Ok(served) => {
                tracing::info!(expires = served.expires, "the certificate was read again and is served");
                self.served.store(Arc::new(served));
                self.reloads.fetch_add(1, Ordering::Relaxed);
                Reloaded::Yes
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate cannot be served; the old one goes on");
                self.failures.fetch_add(1, Ordering::Relaxed);
                Reloaded::No
            }
        }
    }
}

impl Served {
    fn read(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let pem = |path: &Path| {
            let path = path.display().to_string();
            move |source| TlsError::Pem { path, source }
        };
        let chain = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(pem(cert))?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
        let expires = chain.first().and_then(|certificate| x509::not_after(certificate));
        // One certificate whatever name is asked for.
        let rtmp = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let mut http = rtmp.clone();
        http.session_storage = ServerSessionMemoryCache::new(SESSIONS_KEPT);
        http.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { rtmp: Arc::new(rtmp), http: Arc::new(http), expires })
    }
}

/// A link is followed: certificates are often replaced by another link.
fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a new certificate for `localhost`, valid until the start of `year`, and perhaps its key.
    fn write(dir: &Path, year: i32, with_key: bool) {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a good name");
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let cert = params.self_signed(&key).expect("a certificate");
        fs::write(dir.join("cert"), cert.pem()).expect("written");
        if with_key {
            fs::write(dir.join("key"), key.serialize_pem()).expect("written");
        }
    }

    #[test]
    fn new_files_are_served_and_bad_ones_change_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        write(dir.path(), 2040, true);
        let identity =
            Identity::load(&dir.path().join("cert"), &dir.path().join("key")).expect("a certificate");
        let first = identity.config(Protocol::Http);
        assert_eq!(identity.expires(), Some(2_208_988_800));
        assert_eq!(identity.reload(false), Reloaded::Unchanged);
        // Between two writes of whoever renews it: another key's certificate.
        write(dir.path(), 2041, false);
        assert_eq!(identity.reload(false), Reloaded::No);
        assert_eq!(identity.reload(false), Reloaded::Unchanged, "once for each change");
        assert!(Arc::ptr_eq(&first, &identity.config(Protocol::Http)));
        write(dir.path(), 2042, true);
        assert_eq!(identity.reload(false), Reloaded::Yes);
        assert!(!Arc::ptr_eq(&first, &identity.config(Protocol::Http)));
        assert_eq!(identity.expires(), Some(2_272_147_200));
        fs::remove_file(dir.path().join("key")).expect("removed");
        assert_eq!(identity.reload(false), Reloaded::No);
        assert_eq!(identity.reload(true), Reloaded::No, "told, it looks whatever it knows");
        assert_eq!((identity.reloads(), identity.failures()), (1, 3));
    }
}
