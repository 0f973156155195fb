//! The password of a target, encrypted for this node (storage.md §8.2).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use euca_helper::Secret;
use openssl::pkey::PKey;
use openssl::rsa::Padding;

use crate::error::Error;

/// Bytes of a key file that are read; a real one has about 1 700.
const FILE_LIMIT: u64 = 65_536;

/// Decrypts with the node's private key. Whatever is wrong with the secret, the error is the same. Blocks.
pub(super) fn decrypt(key_file: &Path, encrypted: &[u8]) -> Result<Secret, Error> {
    let mut pem = Vec::new();
    File::open(key_file)
        .and_then(|file| file.take(FILE_LIMIT).read_to_end(&mut pem))
        .map_err(Error::file("read", key_file))?;
    let undecipherable = || Error::Undecipherable(key_file.to_owned());
    // The callback keeps OpenSSL from asking the terminal for the passphrase of an encrypted key.
    let key = PKey::private_key_from_pem_callback(&pem, |_| Ok(0)).and_then(|key| key.rsa());
    let key = key.map_err(|_| undecipherable())?;
    let mut plain = vec![0; key.size() as usize];
    let length = key.private_decrypt(encrypted, &mut plain, Padding::PKCS1).map_err(|_| undecipherable())?;
    plain.truncate(length);
    // OpenSSL from 3.2 on answers a wrong key with arbitrary bytes: the password's form tells.
    let text = String::from_utf8(plain).map_err(|_| undecipherable())?;
    Secret::new(text).map_err(|_| undecipherable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::rsa::Rsa;

    #[test]
    fn st_t103_a_secret_for_another_key_or_none_at_all_is_one_and_the_same_error() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, other) = (Rsa::generate(2048).unwrap(), Rsa::generate(2048).unwrap());
        let encrypt = |key: &Rsa<openssl::pkey::Private>, text: &str| {
            let mut encrypted = vec![0; key.size() as usize];
            key.public_encrypt(text.as_bytes(), &mut encrypted, Padding::PKCS1).unwrap();
            encrypted
        };
        let (traditional, pkcs8) = (folder.path().join("rsa.pem"), folder.path().join("pkcs8.pem"));
        std::fs::write(&traditional, ours.private_key_to_pem().unwrap()).unwrap();
        let key = PKey::from_rsa(ours.clone()).unwrap();
        std::fs::write(&pkcs8, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        let password = "AbCdEfGhIjKlMnOpQrStUvWx_-8.";
        for file in [&traditional, &pkcs8] {
            assert_eq!(decrypt(file, &encrypt(&ours, password)).unwrap().reveal(), password);
        }
        let wrong =
            [encrypt(&other, password), encrypt(&ours, "short"), vec![1; 256], vec![0; 3], Vec::new()];
        let errors = wrong.map(|wrong| decrypt(&traditional, &wrong).unwrap_err().to_string());
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
        assert!(!errors[0].contains("short"));
        assert!(matches!(decrypt(&folder.path().join("none"), &[1]), Err(Error::File { .. })));
    }
}
