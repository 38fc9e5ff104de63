//! Certificates and keys in PEM files.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    Error,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::ParsedCertificate,
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::trust::provider;

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// A key belongs to another certificate.
    #[error("the key in {} does not fit the certificate in {}", key.display(), certificate.display())]
    Misfit {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// A file has no certificate in it.
    #[error("there is no PEM certificate in {}", .0.display())]
    NoCertificate(PathBuf),
    /// A file has no key in it.
    #[error("there is no PEM private key in {}, or it is encrypted", .0.display())]
    NoKey(PathBuf),
    /// A file cannot be read.
    #[error("cannot read the {what} in {}: {error}", file.display())]
    Unreadable {
        /// What was expected in it.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A certificate, a key or the TLS library is not usable.
    #[error("cannot use the certificates: {0}")]
    Unusable(String),
}

impl PemError {
    /// What the TLS library said.
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub fn unusable(error: impl ToString) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// Reads the certificates in a PEM file, of which there is at least one.
///
/// # Errors
/// When there is none, or one that cannot be used.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let found: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&read(file, "certificates")?)
        .collect::<Result<_, _>>()
        .map_err(PemError::unusable)?;
    if found.is_empty() {
        return Err(PemError::NoCertificate(file.to_owned()));
    }
    for certificate in &found {
        ParsedCertificate::try_from(certificate).map_err(PemError::unusable)?;
    }
    Ok(found)
}

/// Reads a certificate of our own, with those that vouch for it after it in its PEM file, and its key: what shows it to
/// whoever asks.
///
/// # Errors
/// When a file cannot be read, or they do not fit together.
pub fn identity(certificate: &Path, key: &Path) -> Result<Arc<SingleCertAndKey>, PemError> {
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_slice(&read(key, "key")?).map_err(|error| match error {
        pem::Error::NoItemsFound => PemError::NoKey(key.to_owned()),
        error => PemError::unusable(error),
    })?;
    let misfit = || PemError::Misfit { certificate: certificate.to_owned(), key: key.to_owned() };
    let certified = CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
        Error::InconsistentKeys(_) => misfit(),
        error => PemError::unusable(error),
    })?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

fn read(file: &Path, what: &'static str) -> Result<Vec<u8>, PemError> {
    fs::read(file).map_err(|error| PemError::Unreadable { what, file: file.to_owned(), error })
}
