//! The tokens of Jinja's tags.

/// One token and the line it begins on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// `{%`
    BlockBegin,
    /// `%}`
    BlockEnd,
    /// Text between tags.
    Data(String),
    /// The end of the template.
    Eof,
    /// The lexer could not go on: the message of a syntax error.
    Fault(String),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A whole number; `None` when it is too large for us.
    Int(Option<i128>),
    /// A name or a keyword.
    Name(String),
    /// Punctuation.
    Op(&'static str),
    /// A quoted text, unescaped.
    Text(String),
    /// `{{`
    VariableBegin,
    /// `}}`
    VariableEnd,
}

impl Kind {
    /// How Jinja names the token in its error messages.
    pub(crate) fn describe(&self) -> &str {
        match self {
            Self::BlockBegin => "begin of statement block",
            Self::BlockEnd => "end of statement block",
            Self::Data(_) => "template data / text",
            Self::Eof | Self::Fault(_) => "end of template",
            Self::Float(_) => "float",
            Self::Int(_) => "integer",
            Self::Name(name) => name,
            Self::Op(op) => op,
            Self::Text(_) => "string",
            Self::VariableBegin => "begin of print statement",
            Self::VariableEnd => "end of print statement",
        }
    }

    /// Whether the token is the name `wanted`.
    pub(crate) fn is_name(&self, wanted: &str) -> bool {
        matches!(self, Self::Name(name) if name == wanted)
    }

    /// Whether the token is the punctuation `wanted`.
    pub(crate) fn is_op(&self, wanted: &str) -> bool {
        matches!(self, Self::Op(op) if *op == wanted)
    }
}
