//! Shapes of dicts: field names are Python strings that nearly always are the same objects again,
//! so a shape is found by their addresses and the types of the values.

use dataknobs_data::{FieldType, Result, Shape, Str};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyString;

const SLOTS: usize = 512;

/// Wider records are rare, and looking their names up costs little beside their values.
const MAX_FIELDS: usize = 64;

/// A shape, and the strings it was made of: while they are kept, their addresses are theirs.
struct Slot {
    names: Vec<(Py<PyString>, FieldType)>,
    shape: Shape,
}

static SHAPES: Mutex<Vec<Option<Slot>>> = Mutex::new(Vec::new());

/// The shape of these names and types, in this order.
pub(crate) fn shape(names: &[(Borrowed<'_, '_, PyString>, FieldType)]) -> Result<Shape> {
    let intern = || Shape::new(names.iter().map(|(name, kind)| (text(name), *kind)));
    if names.len() > MAX_FIELDS {
        return intern();
    }
    let mut hash = 0u64;
    for (name, kind) in names {
        let part = (name.as_ptr() as u64 >> 4) ^ ((*kind as u64) << 60);
        hash = (hash.rotate_left(5) ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    let at = (hash >> 32) as usize % SLOTS;
    {
        let slots = SHAPES.lock();
        if let Some(Some(slot)) = slots.get(at)
            && slot.names.len() == names.len()
            && slot
                .names
                .iter()
                .zip(names)
                .all(|(kept, (name, kind))| kept.0.as_ptr() == name.as_ptr() && kept.1 == *kind)
        {
            return Ok(slot.shape.clone());
        }
    }
    let shape = intern()?;
    let kept = names.iter().map(|(name, kind)| (Bound::clone(name).unbind(), *kind)).collect();
    let slot = Slot { names: kept, shape: shape.clone() };
    let replaced = {
        let mut slots = SHAPES.lock();
        if slots.is_empty() {
            slots.resize_with(SLOTS, || None);
        }
        slots[at].replace(slot)
    };
    // Not under the lock: to let go of a Python object may run other code.
    drop(replaced);
    Ok(shape)
}

/// The text was read when its value was, so that it is there.
fn text(name: &Borrowed<'_, '_, PyString>) -> Str {
    name.to_str().map(Str::new).unwrap_or_default()
}
