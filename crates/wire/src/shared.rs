//! Parts of messages that several messages hold at a time.

use std::ops::Deref;
use std::sync::Arc;

use crate::decode::{Decode, DecodeError, Decoder};
use crate::encode::{Encode, Encoder};

/// A part of a message that costs nothing to put into another one. On the wire it is the part itself.
#[derive(Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// The part, to be changed: a copy of its own if others hold it too.
    pub fn make_mut(this: &mut Self) -> &mut T
    where
        T: Clone,
    {
        Arc::make_mut(&mut this.0)
    }

    /// Whether both are one part. As long as both are held, it has not changed.
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Arc::ptr_eq(&this.0, &other.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(part: T) -> Self {
        Self(Arc::new(part))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Encode> Encode for Shared<T> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        self.0.encode(encoder);
    }
}

impl<T: Decode> Decode for Shared<T> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        T::decode(decoder).map(Self::from)
    }
}

#[cfg(feature = "yaserde")]
mod by_yaserde {
    use std::io::{Read, Write};

    use yaserde::__xml::attribute::OwnedAttribute;
    use yaserde::__xml::namespace::Namespace;
    use yaserde::{YaDeserialize, YaSerialize, de, ser};

    use super::Shared;

    impl<T: YaSerialize> YaSerialize for Shared<T> {
        fn serialize<W: Write>(&self, writer: &mut ser::Serializer<W>) -> yaserde::Result<()> {
            self.0.serialize(writer)
        }

        fn serialize_attributes(
            &self,
            attributes: Vec<OwnedAttribute>,
            namespace: Namespace,
        ) -> yaserde::Result<(Vec<OwnedAttribute>, Namespace)> {
            self.0.serialize_attributes(attributes, namespace)
        }
    }

    impl<T: YaDeserialize> YaDeserialize for Shared<T> {
        fn deserialize<R: Read>(reader: &mut de::Deserializer<R>) -> yaserde::Result<Self> {
            T::deserialize(reader).map(Self::from)
        }
    }
}
