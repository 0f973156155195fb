//! The xmlsec1 command line tool (libxml2, OpenSSL) as an independent judge, in both directions. It must be
//! installed; there is no skipping.
#![cfg(test)]

#[path = "support/messages.rs"]
mod messages;
#[path = "support/recordings.rs"]
mod recordings;
#[path = "support/text.rs"]
mod text;

use std::process::{Command, Output};
use std::time::SystemTime;

use euca_wsse::{Headers, Limits, Options, Profile, Refusal, Version, scan, sign_envelope};
use messages::{BODY, HEADERS, pair, signed_by};
use recordings::{key_file, verifier};
use text::{part, swap};

const WSA: &str = "http://www.w3.org/2005/08/addressing";
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const EXC: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Runs xmlsec1 over a message; it has to be told which attributes are ids.
fn xmlsec1(command: &str, key: [&str; 2], message: &str) -> Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), message).unwrap();
    let mut xmlsec1 = Command::new("xmlsec1");
    xmlsec1.arg(command).arg(key[0]).arg(key_file(key[1]));
    for name in ["To", "Action", "MessageID", "From", "RelatesTo", "ReplyTo"] {
        xmlsec1.args(["--id-attr:Id", &format!("{WSA}:{name}")]);
    }
    xmlsec1.args(["--id-attr:Id", &format!("{SOAP}:Body")]).arg(file.path());
    xmlsec1.output().expect("xmlsec1 is installed")
}

fn xmlsec1_accepts(message: &str, signer: &str) -> bool {
    let output = xmlsec1("--verify", ["--pubkey-cert-pem", &format!("{signer}-cert.pem")], message);
    output.status.success()
}

fn verify(message: &str, profile: Profile) -> Result<(), Refusal> {
    let envelope = scan(message.as_bytes(), &Limits::default()).unwrap();
    verifier("cloud", Options::server(profile)).verify(&envelope, SystemTime::now()).map(|_| ())
}

#[test]
fn xmlsec1_verifies_what_is_signed_here() {
    let answer = Headers {
        to: None,
        from: Some("http://cc.example.com:8774/axis2/services/EucalyptusCC"),
        relates_to: Some("urn:uuid:3F2504E04F8941D39A0C0305E82C3301"),
        ..HEADERS
    };
    let odd = Headers {
        to: Some(" <&>\"' \t\n\r\r\n ]]> é中\u{1F600}\u{A0}\u{2028}\u{FFFD} "),
        relates_to: Some(""),
        ..HEADERS
    };
    let bodies = [
        BODY,
        "<a/>",
        "<n:x xmlns:n=\"http://eucalyptus.ucsb.edu/\">&#233;&#x1F600;&#13;&gt;\"'<![CDATA[<&>]]><!-- c --></n:x>",
        "<x xmlns=\"urn:d\" b='2' a='\"&#10;' xmlns:z=\"urn:z\" z:a=\"\" xml:lang=\"en\"><y xmlns=\"\"/><z:y/></x>",
    ];
    let key = pair("cloud");
    for headers in [HEADERS, answer, odd] {
        for body in bodies {
            for profile in [Profile::Legacy, Profile::Strict] {
                let message = sign_envelope(&key, &headers, Version::Soap11, profile, body.as_bytes());
                let message = String::from_utf8(message.unwrap()).unwrap();
                assert!(xmlsec1_accepts(&message, "cloud"), "{message}");
                assert_eq!(verify(&message, profile), Ok(()), "{message}");
            }
        }
    }
}

#[test]
fn xmlsec1_refuses_what_is_altered_or_a_strangers() {
    let message = signed_by("cloud", Profile::Strict);
    assert!(xmlsec1_accepts(&message, "cloud"));
    assert!(!xmlsec1_accepts(&message, "node"));
    for (from, to) in
        [("i-12345678", "i-12345679"), ("cc.example.com", "cd.example.com"), ("#SigID-To", "#SigID-Body")]
    {
        assert!(!xmlsec1_accepts(&swap(&message, from, to), "cloud"), "{from}");
    }
}

/// What varies between templates that xmlsec1 signs.
struct Template {
    name: &'static str,
    /// Declarations on Envelope.
    envelope: &'static str,
    /// wsa:To, wsa:Action and wsa:MessageID with the ids a, b and c, and what else stands beside them.
    blocks: &'static str,
    /// Prefix of the elements of ds:Signature, with colon.
    ds: &'static str,
    /// Inside ds:CanonicalizationMethod.
    method: &'static str,
    /// Inside each ds:Transform.
    transform: &'static str,
    /// Between the elements of ds:Signature.
    space: &'static str,
    /// The Body element, with the id d.
    body: &'static str,
}

const PLAIN: Template = Template {
    name: "C layout",
    envelope: "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"",
    blocks: "<wsa:To u:Id=\"a\">http://x/</wsa:To><wsa:Action u:Id=\"b\">S#o</wsa:Action>\
        <wsa:MessageID u:Id=\"c\">urn:uuid:1</wsa:MessageID>",
    ds: "ds:",
    method: "",
    transform: "",
    space: "",
    body: "<s:Body u:Id=\"d\"><x xmlns=\"http://eucalyptus.ucsb.edu/\"><y>1</y></x></s:Body>",
};

fn templates() -> Vec<Template> {
    vec![
        PLAIN,
        Template { name: "line feeds in Signature", space: "\n", ..PLAIN },
        Template {
            name: "carriage returns and comments in Signature",
            space: "\r\n\t <!-- x -->\r",
            ..PLAIN
        },
        Template { name: "default namespace for the signature", ds: "", ..PLAIN },
        Template {
            name: "prefixes inherited, redeclared and undeclared",
            envelope: "xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" xmlns:unused=\"urn:u\"",
            blocks: "<To xmlns=\"http://www.w3.org/2005/08/addressing\" u:Id=\"a\" p:y=\"1\" q:x=\"2\" b=\"3\" a=\"4\">x</To>\
                <Action xmlns=\"http://www.w3.org/2005/08/addressing\" u:Id=\"b\">S#o</Action>\
                <w:MessageID xmlns:w=\"http://www.w3.org/2005/08/addressing\" u:Id=\"c\">1</w:MessageID>\
                <w:ReplyTo xmlns:w=\"http://www.w3.org/2005/08/addressing\" u:Id=\"e\"><w:Address><v xmlns=\"\"/></w:Address>\
                <p:x xmlns:p=\"urn:p\"><q:x/><p:y xmlns:p=\"urn:other\"><p:z xmlns:p=\"urn:p\"/></p:y></p:x></w:ReplyTo>",
            ..PLAIN
        },
        Template {
            name: "text and attributes in need of normalisation",
            blocks: "<wsa:To u:Id = 'a' z=\"a\tb\nc\r\nd&#9;&#10;&#13;&quot;'&lt;&gt;&amp;\" \
                y='\"' xml:lang=\"en\" xml:space=\"preserve\">a\r\nb\rc&#13;\t&lt;&gt;&amp;&quot;&apos;\
                <![CDATA[<&>]]]]><![CDATA[>]]><!-- gone -->é&#xE9;&#x1F600;</wsa:To>\
                <wsa:Action u:Id=\"b\" >S#o</wsa:Action >\n<!-- c -->\
                <wsa:MessageID\n u:Id=\"c\">urn:uuid:1</wsa:MessageID>",
            ..PLAIN
        },
        Template {
            name: "PrefixList in references",
            envelope: "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns=\"urn:d\" xmlns:p=\"urn:p\"",
            transform: "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                PrefixList=\" s p\n#default none \"/>",
            ..PLAIN
        },
        Template {
            name: "PrefixList in the canonicalisation method",
            envelope: "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns=\"urn:d\" xmlns:p=\"urn:p\"",
            method: "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                PrefixList=\"s p #default u\"></ec:InclusiveNamespaces>",
            space: "\n",
            ..PLAIN
        },
        Template {
            name: "PrefixList with the default namespace undeclared inside",
            envelope: "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns=\"urn:d\" xmlns:p=\"urn:p\"",
            transform: "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                PrefixList=\"p #default\"/>",
            body: "<s:Body u:Id=\"d\"><x xmlns=\"\" xmlns:p=\"urn:q\"><p:y xmlns=\"urn:d\"/>\
                <z xmlns:p=\"urn:p\"><s:a/></z></x></s:Body>",
            ..PLAIN
        },
    ]
}

fn unsigned(template: &Template) -> String {
    let Template { name: _, envelope, blocks, ds, method, transform, space, body } = template;
    let declaration = if ds.is_empty() { "xmlns" } else { "xmlns:ds" };
    let mut ids = vec!["a", "b", "c", "d"];
    if blocks.contains("u:Id=\"e\"") {
        ids.push("e");
    }
    let mut references = String::new();
    for id in ids {
        references += &format!(
            "<{ds}Reference URI=\"#{id}\">{space}<{ds}Transforms>{space}<{ds}Transform Algorithm=\"{EXC}\">{transform}\
             </{ds}Transform>{space}</{ds}Transforms>{space}<{ds}DigestMethod \
             Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>{space}<{ds}DigestValue></{ds}DigestValue>{space}\
             </{ds}Reference>{space}"
        );
    }
    // The token and its reference are those of a message of our own.
    let own = signed_by("cloud", Profile::Legacy);
    let token = part(&own, "<wsse:BinarySecurityToken ", "</wsse:BinarySecurityToken>");
    let security = part(&own, "<wsse:Security ", ">").replace("soapenv:", "s:");
    let key = part(&own, "<wsse:SecurityTokenReference>", "</wsse:SecurityTokenReference>");
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:u=\"{WSU}\" {envelope}><s:Header>{security}{token}\
         <{ds}Signature {declaration}=\"http://www.w3.org/2000/09/xmldsig#\">{space}<{ds}SignedInfo>{space}\
         <{ds}CanonicalizationMethod Algorithm=\"{EXC}\">{method}</{ds}CanonicalizationMethod>{space}\
         <{ds}SignatureMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"/>{space}{references}\
         </{ds}SignedInfo>{space}<{ds}SignatureValue/>{space}<{ds}KeyInfo>{space}{key}{space}</{ds}KeyInfo>{space}\
         </{ds}Signature></wsse:Security>{blocks}</s:Header>{body}</s:Envelope>"
    )
}

#[test]
fn what_xmlsec1_signs_is_verified_here() {
    for template in templates() {
        let output = xmlsec1("--sign", ["--privkey-pem", "cloud-pk.pem"], &unsigned(&template));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {error}", template.name);
        let signed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(verify(&signed, Profile::Strict), Ok(()), "{}: {signed}", template.name);

        if template.transform.contains("#default") || template.method.contains("#default") {
            let altered = swap(&signed, "urn:d", "urn:e");
            assert!(verify(&altered, Profile::Strict).is_err(), "{}: default namespace", template.name);
        }
    }
}

#[test]
fn what_xmlsec1_signs_is_refused_when_altered() {
    let output = xmlsec1("--sign", ["--privkey-pem", "cloud-pk.pem"], &unsigned(&PLAIN));
    let signed = String::from_utf8(output.stdout).unwrap();
    let altered = swap(&signed, "<y>1</y>", "<y>2</y>");
    assert_eq!(verify(&altered, Profile::Strict), Err(Refusal::DigestMismatch("Body".to_owned())));
}
