//! The shape of a service, for those who carry messages without knowing them: `euca-soap`'s server drives a
//! [`Service`], its client is a [`Caller`].

use std::future::Future;

use crate::decode::{Decode, DecodeError, Element};
use crate::encode::{Encode, Encoder};
use crate::error::CallError;

/// A global element of the WSDL with its content.
pub trait Message: Encode + Decode + Send + Sync + 'static {
    /// Local name of the element.
    const NAME: &'static str;
    /// Length in bytes from which on the element is written in the short spelling.
    const LIMIT: usize = usize::MAX;

    /// Writes the complete body element, namespace declaration included.
    fn write(&self, encoder: &mut Encoder<'_>) {
        encoder.root(Self::NAME, Self::LIMIT, |encoder| self.encode(encoder));
    }

    /// Bytes of the complete body element in the short spelling.
    fn short_length(&self) -> usize {
        let mut out = Vec::new();
        self.write(&mut Encoder::short(&mut out));
        out.len()
    }

    /// Reads the message from its body element.
    ///
    /// # Errors
    /// [`DecodeError`] when the element is another one, or does not hold what the schema requires.
    fn read(element: &Element<'_>) -> Result<Self, DecodeError> {
        crate::decode::message(element, Self::NAME)
    }
}

/// A request, and the response that answers it.
pub trait Request: Message {
    /// What answers it.
    type Response: Message;
    /// The operation it asks for.
    const OPERATION: &'static Operation;

    /// `userId` of the request: on whose behalf.
    fn user_id(&self) -> Option<&str>;
    /// `correlationId` of the request.
    fn correlation_id(&self) -> Option<&str>;
}

/// An operation of a service: one row of the WSDL's binding.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Name, equal to the request element's local name.
    pub name: &'static str,
    /// `soapAction`, also the value of `wsa:Action`.
    pub action: &'static str,
}

/// A service behind an endpoint: finds, decodes, runs, encodes.
pub trait Service: Send + Sync + 'static {
    /// Name of the service, the last segment of its path.
    const NAME: &'static str;
    /// The WSDL file, byte for byte.
    const WSDL: &'static str;
    /// Any decoded request of this service.
    type AnyRequest: Send + 'static;
    /// What the implementation fails with.
    type Error: Send;

    /// The operation whose request element has this local name.
    fn find(name: &str) -> Option<&'static Operation>;

    /// Decodes the body element as the request of `operation`.
    ///
    /// # Errors
    /// As [`Message::read`].
    fn decode(operation: &'static Operation, body: &Element<'_>) -> Result<Self::AnyRequest, DecodeError>;

    /// `correlationId` and `userId`, for log lines.
    fn identity(request: &Self::AnyRequest) -> (Option<&str>, Option<&str>);

    /// Executes the request and writes the response's body element to `out`.
    fn run(
        &self,
        request: Self::AnyRequest,
        out: &mut Vec<u8>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Something that carries a request to a peer and brings back the response.
pub trait Caller: Send + Sync + 'static {
    /// `operation` may be called soon: what does not depend on the request can be got ready. A hint.
    fn prepare(&self, _operation: &'static Operation) {}

    /// Performs one exchange. Has no deadline; dropping the future abandons the exchange.
    ///
    /// # Errors
    /// [`CallError`] when no usable answer came.
    fn call<Q: Request>(&self, request: Q) -> impl Future<Output = Result<Q::Response, CallError>> + Send;
}

/// A remote service: implements the service traits over a [`Caller`].
#[derive(Debug, Clone)]
pub struct Stub<C>(pub C);
