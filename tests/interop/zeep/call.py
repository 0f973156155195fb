"""Calls a service with zeep and python-xmlsec as a program on top of the WSDL would, for tests/tests/interop.rs.

    call.py URL KEY CERTIFICATE PEER-CERTIFICATE

The WSDL comes from URL?wsdl. Each line of standard input is a JSON list of operation and arguments; each is answered
with a line that holds the reply, as JSON. A reply that the schema does not allow, or that the peer has not signed
as an answer to this very request, ends the program with a traceback and status 1.
"""

import json
import sys

import zeep
import zeep.wsse.signature as wsse
from lxml import etree
from zeep.helpers import serialize_object
from zeep.wsa import WsAddressingPlugin

DS = "{http://www.w3.org/2000/09/xmldsig#}"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
WSA = "{http://www.w3.org/2005/08/addressing}"
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"


class Security(wsse.BinarySignature):
    """Signs the Body, as zeep does, and the addressing headers. Believes nobody but one peer."""

    def __init__(self, key, certificate, peer):
        super().__init__(key, certificate)
        with open(peer, "rb") as file:
            self.peer = wsse._make_verify_key(file.read())
        self.message_id = None
        self.believed = 0

    def apply(self, envelope, headers):
        self.message_id = envelope.findtext(f".//{WSA}MessageID")
        return super().apply(envelope, headers)

    def verify(self, envelope):
        if envelope.find(f"{SOAP}Body/{SOAP}Fault") is not None:
            # Nobody signs faults; zeep raises them.
            return envelope
        wsse._verify_envelope_with_key(envelope, self.peer)
        header = envelope.find(SOAP + "Header")
        ids = [reference.get("URI")[1:] for reference in header.iter(DS + "Reference")]
        blocks = [block for block in header if block.get(WSU + "Id") in ids]
        names = sorted(block.tag for block in blocks)
        expected = [WSA + name for name in ("Action", "From", "MessageID", "RelatesTo")]
        assert names == expected and len(ids) == len(blocks), names
        assert header.findtext(WSA + "RelatesTo") == self.message_id
        self.believed += 1
        return envelope


def sign_addressing_too(sign_node):
    def sign(context, signature, target, digest_method=None):
        if target.tag == SOAP + "Body":
            for block in target.getparent().iter(WSA + "*"):
                sign_node(context, signature, block, digest_method)
        sign_node(context, signature, target, digest_method)

    return sign


def main(url, *files):
    wsse._sign_node = sign_addressing_too(wsse._sign_node)
    security = Security(*files)
    transport = zeep.Transport(timeout=60, operation_timeout=60)
    client = zeep.Client(url + "?wsdl", wsse=security, transport=transport, plugins=[WsAddressingPlugin()])
    (binding,) = client.wsdl.bindings
    # The address in the WSDL is nobody's.
    service = client.create_service(binding, url)
    for calls, line in enumerate(sys.stdin, 1):
        operation, arguments = json.loads(line)
        reply = service[operation](**arguments)
        assert security.believed == calls, "a reply was taken without verifying it"
        print(json.dumps(serialize_object(reply, dict), default=str), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
