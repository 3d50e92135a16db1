//! Whether a stored record is the one that was sent.

use crate::capability::Capabilities;
use crate::record::{FieldRef, Record};

/// Whether the store holds what was sent, as far as this kind of store can tell.
pub(super) fn is_same(sent: &Record, stored: &Record, capabilities: &Capabilities) -> bool {
    if sent == stored {
        return true;
    }
    let Capabilities { missing_fields, field_order, key_field, .. } = capabilities;
    if *missing_fields && *field_order && key_field.is_none() {
        return false;
    }
    let kept = |field: &FieldRef<'_>| {
        key_field.as_deref() != Some(field.name()) && (*missing_fields || !field.value().is_null())
    };
    let fields = |record: &Record| record.fields().filter(|field| kept(field)).count();
    let mut order = stored.fields().filter(|field| kept(field));
    sent.metadata() == stored.metadata()
        && fields(sent) == fields(stored)
        && sent.fields().filter(|field| kept(field)).all(|field| {
            let next = order.next();
            let twin = if *field_order { next } else { stored.field(field.name()) };
            twin.is_some_and(|twin| twin == field)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    #[test]
    fn sameness_follows_what_the_store_can_tell() {
        let sent = record! { "id": "k", "a": 1, "b": () }.unwrap();
        let exact = Capabilities::minimal();
        let sparse = Capabilities { missing_fields: false, ..Capabilities::minimal() };
        let tabular = Capabilities { field_order: false, key_field: Some("id".into()), ..sparse.clone() };

        assert!(is_same(&sent, &sent.clone(), &exact));
        let without_null = record! { "id": "k", "a": 1 }.unwrap();
        assert!(!is_same(&sent, &without_null, &exact));
        assert!(is_same(&sent, &without_null, &sparse));
        let reordered = record! { "c": (), "a": 1, "id": "k" }.unwrap();
        assert!(!is_same(&sent, &reordered, &sparse));
        assert!(is_same(&sent, &reordered, &tabular));
        let without_key = record! { "a": 1 }.unwrap();
        assert!(!is_same(&sent, &without_key, &sparse));
        assert!(is_same(&sent, &without_key, &tabular));
        for other in [record! { "a": 2 }, record! { "a": 1, "d": 1 }, record! {}] {
            assert!(!is_same(&sent, &other.unwrap(), &tabular));
        }
        let with_metadata = without_key.with_metadata("m", 1).unwrap();
        assert!(!is_same(&sent, &with_metadata, &tabular));
    }
}
