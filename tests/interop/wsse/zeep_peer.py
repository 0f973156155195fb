"""Signs and verifies SOAP messages with zeep and python-xmlsec, for crates/wsse/tests/interop.rs.

    zeep_peer.py sign WSDL KEY CERTIFICATE > a signed RebootInstances request
    zeep_peer.py verify CERTIFICATE < signed envelope > names of the signed elements

zeep signs the Body and the Timestamp; here it signs the addressing headers as well. Verification fails with a
traceback and status 1.
"""

import sys

import zeep
import zeep.wsse.signature as wsse
from lxml import etree
from zeep.wsa import WsAddressingPlugin

DS = "{http://www.w3.org/2000/09/xmldsig#}"
WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
WSA = "{http://www.w3.org/2005/08/addressing}"


def sign(wsdl, key, certificate):
    sign_node = wsse._sign_node

    def sign_with_addressing(context, signature, target, digest_method=None):
        for block in target.getparent().iter(WSA + "*"):
            sign_node(context, signature, block, digest_method)
        sign_node(context, signature, target, digest_method)

    wsse._sign_node = sign_with_addressing
    client = zeep.Client(wsdl, wsse=wsse.BinarySignature(key, certificate), plugins=[WsAddressingPlugin()])
    message = client.create_message(client.service, "RebootInstances", instanceIds=["i-3F5D07A4", "i-é<&>"])
    sys.stdout.buffer.write(etree.tostring(message, encoding="utf-8"))


def verify(certificate):
    envelope = etree.fromstring(sys.stdin.buffer.read())
    with open(certificate, "rb") as file:
        key = wsse._make_verify_key(file.read())
    wsse._verify_envelope_with_key(envelope, key)
    ids = {reference.get("URI")[1:] for reference in envelope.iter(DS + "Reference")}
    names = {etree.QName(element).localname for element in envelope.iter("*") if element.get(WSU_ID) in ids}
    print(*sorted(names))


if __name__ == "__main__":
    {"sign": sign, "verify": verify}[sys.argv[1]](*sys.argv[2:])
