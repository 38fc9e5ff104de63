//! XML elements: short ways to make and to read them. Pure.

use xmpp_parsers::minidom::{
    Element,
    rxml::{Namespace, NcName},
};

use crate::text;

/// Building an element piece by piece. Whatever is put in, it is text, and of those characters that XML can hold.
pub(crate) trait Build: Sized {
    /// With an attribute.
    fn with(self, name: &str, value: &str) -> Self;
    /// With a child.
    fn holding(self, child: Self) -> Self;
    /// With text.
    fn saying(self, text: &str) -> Self;
}

impl Build for Element {
    fn with(mut self, name: &str, value: &str) -> Self {
        if let Ok(name) = NcName::try_from(name) {
            self.set_attr(Namespace::NONE, name, text::inert(value));
        }
        self
    }

    fn holding(mut self, child: Self) -> Self {
        self.append_child(child);
        self
    }

    fn saying(mut self, text: &str) -> Self {
        self.append_text_node(text::inert(text));
        self
    }
}

/// An empty element.
pub(crate) fn element(name: &str, namespace: &str) -> Element {
    Element::bare(name, namespace)
}

/// The text of the first child of that name, in the namespace of its parent.
pub(crate) fn text_of(parent: &Element, name: &str) -> Option<String> {
    parent.get_child(name, parent.ns().as_str()).map(Element::text)
}

/// The condition of an error element (RFC 6120, sections 4.9.3 and 8.3.3), with the words that came with it.
pub(crate) fn condition(error: &Element, namespace: &str) -> (String, Option<String>) {
    let is_condition = |child: &&Element| child.has_ns(namespace) && child.name() != "text";
    let condition = error.children().find(is_condition).map_or("undefined-condition", Element::name);
    let words = error.get_child("text", namespace).map(Element::text).filter(|text| !text.trim().is_empty());
    (condition.to_owned(), words)
}
