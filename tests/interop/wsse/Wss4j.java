// Signs and verifies SOAP messages with Apache WSS4J, the library of the original CLC, for crates/wsse/tests/interop.rs.
//
//   java -cp ... Wss4j.java sign   KEYSTORE ALIAS {headers|body|timestamp} < envelope > signed envelope
//   java -cp ... Wss4j.java verify KEYSTORE < signed envelope > one line: signer, then the signed elements
//
// KEYSTORE is PKCS#12 with the password "password". "headers" signs the addressing headers as the CLC does, "body"
// the Body as well, "timestamp" also a Timestamp, as a CLC from 3.0 on does. Verification fails with a stack trace
// and status 1.

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.components.crypto.Crypto;
import org.apache.ws.security.components.crypto.CryptoFactory;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.w3c.dom.Document;

public class Wss4j {
    static final String PASSWORD = "password";
    static final String ADDRESSING = "http://www.w3.org/2005/08/addressing";

    public static void main(String[] args) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document message = factory.newDocumentBuilder().parse(System.in);
        Properties properties = new Properties();
        properties.setProperty("org.apache.ws.security.crypto.provider",
                "org.apache.ws.security.components.crypto.Merlin");
        properties.setProperty("org.apache.ws.security.crypto.merlin.keystore.type", "PKCS12");
        properties.setProperty("org.apache.ws.security.crypto.merlin.keystore.file", args[1]);
        properties.setProperty("org.apache.ws.security.crypto.merlin.keystore.password", PASSWORD);
        Crypto crypto = CryptoFactory.getInstance(properties);
        if (args[0].equals("sign")) {
            sign(message, crypto, args[2], args[3]);
        } else {
            verify(message, crypto);
        }
    }

    static void sign(Document message, Crypto crypto, String alias, String what) throws Exception {
        WSSecHeader header = new WSSecHeader();
        header.setMustUnderstand(false);
        header.insertSecurityHeader(message);
        WSSecSignature signature = new WSSecSignature();
        signature.setUserInfo(alias, PASSWORD);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        List<WSEncryptionPart> parts = new ArrayList<>();
        for (String name : new String[] {"To", "MessageID", "Action"}) {
            parts.add(new WSEncryptionPart(name, ADDRESSING, "Element"));
        }
        if (what.equals("timestamp")) {
            WSSecTimestamp timestamp = new WSSecTimestamp();
            timestamp.setTimeToLive(300);
            timestamp.build(message, header);
            parts.add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Element"));
        }
        if (!what.equals("headers")) {
            parts.add(new WSEncryptionPart("Body", "http://schemas.xmlsoap.org/soap/envelope/", "Element"));
        }
        signature.setParts(parts);
        Document signed = signature.build(message, crypto, header);
        Transformer transformer = TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        StringWriter text = new StringWriter();
        transformer.transform(new DOMSource(signed), new StreamResult(text));
        System.out.write(text.toString().getBytes("UTF-8"));
        System.out.flush();
    }

    static void verify(Document message, Crypto crypto) throws Exception {
        List<WSSecurityEngineResult> results =
                new WSSecurityEngine().processSecurityHeader(message, null, (CallbackHandler) null, crypto);
        for (WSSecurityEngineResult result : results) {
            Object references = result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
            if (!(references instanceof List)) {
                continue;
            }
            TreeSet<String> names = new TreeSet<>();
            for (Object reference : (List<?>) references) {
                names.add(((WSDataRef) reference).getName().getLocalPart());
            }
            Object signer = result.get(WSSecurityEngineResult.TAG_X509_CERTIFICATE);
            System.out.println(((java.security.cert.X509Certificate) signer).getSubjectX500Principal()
                    + " " + String.join(" ", names));
        }
    }
}
