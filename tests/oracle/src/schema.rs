//! The shape of messages as tables, for both parsers.

/// An element inside a message or a type.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub occurs: Occurs,
}

/// What an element holds. The two parsers read the same kind by their own lexical rules.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// Text that may be marked with xsi:nil.
    NillableText,
    /// A number; for the CLC one of Java's primitive type.
    Int,
    /// For the CLC a number of Java's object type, which reads more strictly. For the C CC one that may be
    /// marked with xsi:nil.
    Integer,
    Boolean,
    DateTime,
    Struct(&'static [Field]),
}

/// How often an element may or must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurs {
    Required,
    Optional,
    /// Any number in a row.
    List,
    /// A list of at most 64.
    List64,
    /// Optional for the parser, but what reads the result crashes without it.
    Guarded,
}

pub(crate) const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, occurs: Occurs::Required }
}

pub(crate) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, occurs: Occurs::Optional }
}

pub(crate) const fn list(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, occurs: Occurs::List }
}

pub(crate) const fn list64(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, occurs: Occurs::List64 }
}

pub(crate) const fn guarded(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, occurs: Occurs::Guarded }
}
