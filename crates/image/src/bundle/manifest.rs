//! The manifest of a bundle (storage.md §5.7). Its signature covers the text of two elements as it stands, one after
//! the other, so they are written without a space between.

use std::fmt::Write as _;

use euca_wsse::KeyPair;
use openssl::error::ErrorStack;
use openssl::rsa::Padding;
use openssl::x509::X509;
use quick_xml::escape::escape;

use super::Bundle;
use super::encode::Encoded;
use crate::cache::hexadecimal;
use crate::error::Error;

/// The account in the manifest of whoever has none, as with the original's programs.
const ACCOUNT: &str = "123456789012";

/// The manifest of `encoded`, whose key is for the cloud and for the node, signed by the node.
pub(super) fn write(
    bundle: &Bundle,
    encoded: &Encoded,
    node: &KeyPair,
    cloud: &X509,
) -> Result<String, Error> {
    let write = || -> Result<String, ErrorStack> {
        let own = X509::from_pem(node.certificate_file())?;
        let machine = machine(bundle);
        let image = image(bundle, encoded, &own, cloud)?;
        let signature = hexadecimal(&node.sign(format!("{machine}{image}").as_bytes())?);
        let version = env!("CARGO_PKG_VERSION");
        Ok(format!(
            "<?xml version=\"1.0\"?>\n<manifest><version>2007-10-10</version><bundler><name>nc-daemon</name>\
             <version>{version}</version><release>1</release></bundler>{machine}{image}\
             <signature>{signature}</signature></manifest>"
        ))
    };
    write().map_err(|error| Error::Key { source: Box::new(error) })
}

fn machine(bundle: &Bundle) -> String {
    let architecture = match std::env::consts::ARCH {
        "x86" => "i386",
        other => other,
    };
    let id = |name: &str, id: &Option<String>| match id {
        Some(id) => format!("<{name}>{}</{name}>", escape(id.as_str())),
        None => String::new(),
    };
    let (kernel, ramdisk) = (id("kernel_id", &bundle.kernel), id("ramdisk_id", &bundle.ramdisk));
    format!(
        "<machine_configuration><architecture>{architecture}</architecture>{kernel}{ramdisk}</machine_configuration>"
    )
}

fn image(bundle: &Bundle, encoded: &Encoded, node: &X509, cloud: &X509) -> Result<String, ErrorStack> {
    let (key, iv) = (hexadecimal(&encoded.key), hexadecimal(&encoded.iv));
    let mut text = format!(
        "<image><name>{}</name><user>{ACCOUNT}</user><type>machine</type><digest algorithm=\"SHA1\">{}</digest>\
         <size>{}</size><bundled_size>{}</bundled_size>\
         <ec2_encrypted_key algorithm=\"AES-128-CBC\">{}</ec2_encrypted_key>\
         <user_encrypted_key algorithm=\"AES-128-CBC\">{}</user_encrypted_key>\
         <ec2_encrypted_iv>{}</ec2_encrypted_iv><user_encrypted_iv>{}</user_encrypted_iv><parts count=\"{}\">",
        escape(bundle.to.prefix.as_str()),
        hexadecimal(&encoded.digest),
        encoded.size,
        encoded.bundled,
        sealed(&key, cloud)?,
        sealed(&key, node)?,
        sealed(&iv, cloud)?,
        sealed(&iv, node)?,
        encoded.parts.len(),
    );
    for (number, part) in encoded.parts.iter().enumerate() {
        let (name, digest) = (bundle.to.part(number), hexadecimal(&part.digest));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "<part index=\"{number}\"><filename>{}</filename><digest algorithm=\"SHA1\">{digest}</digest></part>",
            escape(name.as_str())
        );
    }
    text.push_str("</parts></image>");
    Ok(text)
}

/// A hexadecimal text, encrypted for whoever has the certificate's key: RSA, PKCS#1 v1.5, hexadecimal again.
fn sealed(text: &str, certificate: &X509) -> Result<String, ErrorStack> {
    let key = certificate.public_key()?.rsa()?;
    let mut sealed = vec![0; usize::try_from(key.size()).unwrap_or_default()];
    let length = key.public_encrypt(text.as_bytes(), &mut sealed, Padding::PKCS1)?;
    sealed.truncate(length);
    Ok(hexadecimal(&sealed))
}
