use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use openssl::pkey::Private;

use super::*;

/// The line of a public key, as OpenSSH writes it.
fn line(key: &Rsa<Private>, comment: &str) -> String {
    let mut blob = Vec::new();
    for field in [b"ssh-rsa".to_vec(), number(key.e()), number(key.n())] {
        blob.extend_from_slice(&(field.len() as u32).to_be_bytes());
        blob.extend_from_slice(&field);
    }
    format!("ssh-rsa {}{comment}", STANDARD.encode(blob))
}

/// A number with a leading zero where its first bit would be a sign.
fn number(value: &openssl::bn::BigNumRef) -> Vec<u8> {
    let mut bytes = value.to_vec();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    bytes
}

fn key(bits: u32, exponent: u32) -> Rsa<Private> {
    Rsa::generate_with_e(bits, &BigNum::from_u32(exponent).unwrap()).unwrap()
}

/// What the cloud controller takes out of the console, decrypted as the user does it.
fn decrypted(console: &str, key: &Rsa<Private>) -> String {
    let plain = console.replace(['\r', '\n'], "");
    let secret = plain.strip_prefix("<Password>").unwrap().strip_suffix("</Password>").unwrap();
    assert!(secret.chars().all(|c| c.is_ascii_alphanumeric() || "_=+/".contains(c)), "{secret}");
    let mut password = vec![0; key.size() as usize];
    let secret = STANDARD.decode(secret).unwrap();
    let length = key.private_decrypt(&secret, &mut password, Padding::PKCS1).unwrap();
    String::from_utf8(password[..length].to_vec()).unwrap()
}

#[test]
fn st_t111_only_the_password_differs_from_the_template() {
    let template = Template::built_in().unwrap();
    let password = Password::random().unwrap();
    let floppy = template.with(&password);
    assert_eq!(floppy.len(), 2_097_152);
    let place = 22_039..=22_072;
    let differing = (0..BYTES).filter(|at| template.0[*at] != floppy[*at]);
    assert!(differing.clone().count() > 0);
    assert!(differing.clone().all(|at| place.contains(&at)), "{:?}", differing.collect::<Vec<_>>());
    assert!(floppy[22_039..].starts_with(password.0.as_bytes()));

    // Other programs find the file, and what it says.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &floppy).unwrap();
    let shown = Command::new("mtype").arg("-i").arg(file.path()).arg("::EUCA.BAT").output().unwrap();
    assert!(shown.status.success(), "{shown:?}");
    let expected = format!("net user Administrator {:<34}\r\n", password.0);
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), expected);
    let checked = Command::new("fsck.fat").arg("-n").arg(file.path()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn st_t112_the_console_has_the_password_for_who_has_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(2048, 65537);
    let template = Template::built_in().unwrap();
    assert!(furnish(folder.path(), &template, &line(&key, " user@h")).unwrap());
    let console = std::fs::read_to_string(folder.path().join("console.append.log")).unwrap();
    assert_eq!(console.len(), 371);
    assert!(console.starts_with("<Password>\r\n") && console.ends_with("\r\n</Password>\r\n"), "{console}");
    let password = decrypted(&console, &key);
    let floppy = std::fs::read(folder.path().join("floppy")).unwrap();
    assert!(floppy[22_039..].starts_with(password.as_bytes()));
    let mode = std::fs::metadata(folder.path().join("floppy")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn st_t113_keys_are_read_whatever_their_comment_and_exponent() {
    let keys = [key(2048, 65537), key(1024, 37), key(1024, 257), key(3072, 3)];
    for key in &keys {
        for comment in ["".to_owned(), format!(" {}", "c".repeat(60)), " a b c\n".to_owned()] {
            let password = Password::random().unwrap();
            let console = message(&password, &line(key, &comment)).unwrap();
            assert_eq!(decrypted(&console, key), password.0, "{comment:?}");
        }
    }
    let text = format!("no-pty {}", line(&keys[0], ""));
    assert!(message(&Password::random().unwrap(), &text).is_ok(), "options before the key");
}

#[test]
fn what_is_no_key_is_refused() {
    let good = key(1024, 65537);
    let blob = STANDARD.decode(line(&good, "").strip_prefix("ssh-rsa ").unwrap()).unwrap();
    let text = |blob: &[u8]| format!("ssh-rsa {}", STANDARD.encode(blob));
    let mut even = blob.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let mut long = blob.clone();
    long[0] = 0x7f;
    let rows = [
        "x".to_owned(),
        "ssh-rsa".to_owned(),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL".to_owned(),
        "ssh-rsa !!!!".to_owned(),
        text(b""),
        text(&even),
        text(&long),
        text(&[&blob[..], b"\0"].concat()),
        line(&key(512, 65537), ""),
    ];
    for bad in rows.into_iter().chain((0..blob.len()).map(|length| text(&blob[..length]))) {
        assert!(matches!(parse(&bad), Err(Error::Unusable { .. })), "{bad}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(furnish(folder.path(), &Template::built_in().unwrap(), "ssh-dss AAAA").is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no floppy without a way to tell");
}

/// Where passwords go that the next test wants of a process of its own.
const PASSWORDS: &str = "EUCA_TEST_PASSWORDS";

#[test]
fn passwords_of_one_process() {
    let Some(path) = std::env::var_os(PASSWORDS) else { return };
    let passwords: String = (0..100).map(|_| Password::random().unwrap().0 + "\n").collect();
    std::fs::write(path, passwords).unwrap();
}

#[test]
fn st_t114_no_password_comes_twice() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut all = HashSet::new();
    for _ in 0..10 {
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "windows::tests::passwords_of_one_process"])
            .env(PASSWORDS, file.path())
            .output()
            .unwrap();
        assert!(process.status.success(), "{process:?}");
        let passwords = std::fs::read_to_string(file.path()).unwrap();
        all.extend(passwords.lines().map(str::to_owned));
    }
    assert_eq!(all.len(), 1000);
    for password in &all {
        assert_eq!(password.len(), PASSWORD);
        assert!(password.chars().all(|c| c.is_ascii_alphanumeric()), "{password}");
        for class in [char::is_ascii_uppercase, char::is_ascii_lowercase, char::is_ascii_digit] {
            assert!(password.chars().any(|c| class(&c)), "{password}");
        }
    }
    let used: HashSet<char> = all.iter().flat_map(|password| password.chars()).collect();
    assert_eq!(used.len(), 62);
}

#[test]
fn st_t115_without_a_key_there_is_no_floppy() {
    let folder = tempfile::tempdir().unwrap();
    for key in ["", " \n"] {
        assert!(!furnish(folder.path(), &Template::built_in().unwrap(), key).unwrap());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_site_may_have_a_template_of_its_own() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let twice = [PLACEHOLDER, b"-", PLACEHOLDER, b"."].concat();
    std::fs::write(file.path(), &twice).unwrap();
    let password = Password::random().unwrap();
    let floppy = Template::read(file.path()).unwrap().with(&password);
    assert_eq!(floppy, format!("{0:<34}-{0:<34}.", password.0).into_bytes());
    for bad in [b"".to_vec(), PLACEHOLDER[1..].to_vec(), [PLACEHOLDER, &vec![0; 4 << 20]].concat()] {
        std::fs::write(file.path(), &bad).unwrap();
        assert!(matches!(Template::read(file.path()), Err(Error::Unusable { .. })), "{}", bad.len());
    }
    assert!(matches!(Template::read(Path::new("/nonexistent")), Err(Error::File { .. })));
}

#[test]
fn secrets_are_not_shown() {
    let password = Password::random().unwrap();
    assert_eq!(format!("{password:?}"), "Password");
    let template = Template(password.0.into_bytes());
    assert_eq!(format!("{template:?}"), "Template of 14 bytes");
}
