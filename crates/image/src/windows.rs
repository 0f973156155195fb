//! What a Windows guest gets instead of a key: a password for its Administrator (storage.md §9).
//!
//! ```text
//!   password ──► floppy: EUCA.BAT sets it, run by the guest
//!       └──► encrypted to the launch's key ──► console.append.log ──► console output ──► the user, who has the key
//! ```

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Cursor, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::pkey::Public;
use openssl::rand::rand_bytes;
use openssl::rsa::{Padding, Rsa};

use crate::Error;

/// Name of the floppy, in the directory of its instance.
pub const FLOPPY: &str = "floppy";
/// Name of the file with what comes before the guest's output on its console.
pub const CONSOLE_PREFIX: &str = "console.append.log";

/// What stands in a template where the password belongs.
const PLACEHOLDER: &[u8] = b"MAGICEUCALYPTUSPASSWORDPLACEHOLDER";
/// Bytes of our template, which are those of 2.0.1's.
const BYTES: usize = 2 << 20;
/// Largest template of a site, bytes: no floppy holds more.
const MAX_TEMPLATE: u64 = 4 << 20;
/// Characters of a password. With more than 14 `net user` would ask whether that is meant, and wait for ever.
const PASSWORD: usize = 14;
/// Bits of a key's modulus.
const MODULUS: std::ops::RangeInclusive<i32> = 1024..=16384;

/// A password. Not for logs.
struct Password(String);

impl Password {
    /// A random one of letters and digits, which no command line takes for anything else; with an upper-case letter, a
    /// lower-case one and a digit, as Windows demands.
    fn random() -> Result<Self, ErrorStack> {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        // The largest multiple of 62 in a byte: what lies above would prefer some letters.
        const FAIR: u8 = 248;
        loop {
            let mut random = [0; 2 * PASSWORD];
            rand_bytes(&mut random)?;
            let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
            let text: String =
                random.iter().filter(|byte| **byte < FAIR).take(PASSWORD).map(letter).collect();
            let has = |class: fn(&char) -> bool| text.chars().any(|c| class(&c));
            let classes = [char::is_ascii_uppercase, char::is_ascii_lowercase, char::is_ascii_digit]
                .into_iter()
                .all(has);
            if text.len() == PASSWORD && classes {
                return Ok(Self(text));
            }
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A floppy with [`PLACEHOLDER`] where the password belongs.
#[derive(Clone)]
pub struct Template(Vec<u8>);

impl Template {
    /// Our own: FAT12, with EUCA.BAT where the template of 2.0.1 has it.
    ///
    /// # Errors
    /// Never in fact: it is built in memory, and has room for its files.
    pub fn built_in() -> Result<Self, Error> {
        const README: &[u8] =
            b"EUCA.BAT sets the password of the Administrator. Run it at the first start.\r\n";
        let build = || -> io::Result<Vec<u8>> {
            let mut disk = vec![0; BYTES];
            let options = fatfs::FormatVolumeOptions::new()
                .fat_type(fatfs::FatType::Fat12)
                .bytes_per_cluster(2048)
                .max_root_dir_entries(512)
                .media(0xf8)
                .volume_id(u32::from_be_bytes(*b"EUCA"));
            fatfs::format_volume(Cursor::new(&mut disk[..]), options)?;
            let system = fatfs::FileSystem::new(Cursor::new(&mut disk[..]), fatfs::FsOptions::new())?;
            let root = system.root_dir();
            root.create_file("README.TXT")?.write_all(README)?;
            let batch = [b"net user Administrator ", PLACEHOLDER, b"\r\n"].concat();
            root.create_file("EUCA.BAT")?.write_all(&batch)?;
            drop(root);
            system.unmount()?;
            Ok(disk)
        };
        build().map(Self).map_err(Error::file("build", FLOPPY))
    }

    /// A site's own. Blocking.
    ///
    /// # Errors
    /// When it cannot be read, is longer than 4 MiB, or has no place for a password.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = || Error::file("read", path);
        let file = std::fs::File::open(path).map_err(failed())?;
        let mut bytes = Vec::new();
        file.take(MAX_TEMPLATE + 1).read_to_end(&mut bytes).map_err(failed())?;
        if bytes.len() as u64 > MAX_TEMPLATE || places(&bytes).next().is_none() {
            let reason = "it is longer than 4 MiB, or has no place for a password".to_owned();
            return Err(Error::Unusable { what: path.display().to_string(), reason });
        }
        Ok(Self(bytes))
    }

    /// The floppy with the password in every place for it. Blanks fill what it leaves, so that nothing moves.
    fn with(&self, password: &Password) -> Vec<u8> {
        let mut floppy = self.0.clone();
        for at in places(&self.0) {
            let place = &mut floppy[at..at + PLACEHOLDER.len()];
            place.fill(b' ');
            place[..password.0.len()].copy_from_slice(password.0.as_bytes());
        }
        floppy
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template of {} bytes", self.0.len())
    }
}

/// Where the placeholder begins.
fn places(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memmem::find_iter(bytes, PLACEHOLDER)
}

/// Gives a guest a password: writes [`FLOPPY`] (mode 0700) and [`CONSOLE_PREFIX`] into the instance's folder. `false`,
/// and nothing written, for a launch without a key. Blocking.
///
/// # Errors
/// When the key is not one of RSA, which alone can encrypt, or a file cannot be written.
pub fn furnish(folder: &Path, template: &Template, key: &str) -> Result<bool, Error> {
    if key.trim().is_empty() {
        return Ok(false);
    }
    let password =
        Password::random().map_err(|error| Error::file("write", folder.join(FLOPPY))(error.into()))?;
    let message = message(&password, key)?;
    write(&folder.join(FLOPPY), 0o700, &template.with(&password))?;
    write(&folder.join(CONSOLE_PREFIX), 0o644, message.as_bytes())?;
    Ok(true)
}

fn write(path: &Path, mode: u32, content: &[u8]) -> Result<(), Error> {
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    open.and_then(|mut file| file.write_all(content)).map_err(Error::file("write", path))
}

/// The password as the console shows it (Q51).
fn message(password: &Password, key: &str) -> Result<String, Error> {
    let key = parse(key)?;
    let mut secret = vec![0; key.size() as usize];
    let length = key
        .public_encrypt(password.0.as_bytes(), &mut secret, Padding::PKCS1)
        .map_err(|_| refuse("nothing can be encrypted to it"))?;
    Ok(format!("<Password>\r\n{}\r\n</Password>\r\n", STANDARD.encode(&secret[..length])))
}

/// Reads a public key of OpenSSH: `ssh-rsa`, the base64 of name, exponent and modulus, and perhaps a comment.
fn parse(text: &str) -> Result<Rsa<Public>, Error> {
    let mut words = text.split_whitespace().skip_while(|word| *word != "ssh-rsa").skip(1);
    let blob = words.next().ok_or_else(|| refuse("it is not an ssh-rsa key"))?;
    let blob = STANDARD.decode(blob).map_err(|_| refuse("it is not base64"))?;
    let mut rest = &blob[..];
    let (Some(b"ssh-rsa"), Some(exponent), Some(modulus), []) =
        (field(&mut rest), field(&mut rest), field(&mut rest), rest)
    else {
        return Err(refuse("it is not an ssh-rsa key"));
    };
    let number = |bytes| BigNum::from_slice(bytes).map_err(|_| refuse("its numbers cannot be read"));
    let (exponent, modulus) = (number(exponent)?, number(modulus)?);
    let odd = exponent.is_bit_set(0) && modulus.is_bit_set(0);
    if !odd || !(2..=64).contains(&exponent.num_bits()) || !MODULUS.contains(&modulus.num_bits()) {
        return Err(refuse("its numbers are not those of an RSA key of 1024 to 16384 bits"));
    }
    Rsa::from_public_components(modulus, exponent)
        .map_err(|_| refuse("its numbers are not those of an RSA key"))
}

/// Takes a field, four bytes of length and as many as they say, off the front.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (field, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *rest = after;
    Some(field)
}

fn refuse(reason: &str) -> Error {
    Error::Unusable { what: "the key".to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
