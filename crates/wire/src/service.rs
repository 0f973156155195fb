//! The shape of a service, for those who carry messages without knowing them: `euca-soap`'s server drives a
//! [`Service`], its client is a [`Caller`].

use std::any::Any;
use std::convert::Infallible;
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

    /// Executes the request and writes the response's body element to `out`. False when the response is a refusal,
    /// `return=false`.
    fn run(
        &self,
        request: Self::AnyRequest,
        out: &mut Vec<u8>,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
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

    /// As [`call`](Self::call), for a request that is made again and again and changes nothing. Calls that follow
    /// each other at once may share `link`. An answer is not taken apart if `known` recognises its fingerprint, by
    /// which two answers of one peer are the same.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    fn poll<Q: Request>(
        &self,
        request: Q,
        _link: &mut Link,
        _known: impl FnOnce(u64) -> bool + Send,
    ) -> impl Future<Output = Result<News<Q::Response>, CallError>> + Send {
        let call = self.call(request);
        async { Ok(News::Told(call.await?, None)) }
    }
}

/// What a [`Caller`] keeps from one call to the next, if anything; dropping it gives that up.
pub type Link = Option<Box<dyn Any + Send>>;

/// What an answer brings to one who has asked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News<T> {
    /// Nothing: it is an answer already known.
    Known,
    /// This, and the fingerprint by which the same answer is recognised.
    Told(T, Option<u64>),
}

impl<T> News<T> {
    /// Judges what was told.
    ///
    /// # Errors
    /// That of `judge`.
    pub fn and_then<U, E>(self, judge: impl FnOnce(T) -> Result<U, E>) -> Result<News<U>, E> {
        Ok(match self {
            Self::Known => News::Known,
            Self::Told(told, fingerprint) => News::Told(judge(told)?, fingerprint),
        })
    }
}

/// The caller of a service that is not remote: there is none.
impl Caller for Infallible {
    async fn call<Q: Request>(&self, _request: Q) -> Result<Q::Response, CallError> {
        match *self {}
    }
}

/// A remote service: implements the service traits over a [`Caller`].
#[derive(Debug, Clone)]
pub struct Stub<C>(pub C);
