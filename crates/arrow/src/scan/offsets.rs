//! Which offsets from UTC the datetimes of a column have.

use crate::infer::Zone;

/// The offsets that were seen in a column, as far as they decide its zone.
///
/// ```
/// use dataknobs_data_arrow::SeenOffsets;
/// let mut seen = SeenOffsets::default();
/// seen.add(Some(0));
/// seen.add(Some(0));
/// assert!(seen.is_uniform());
/// seen.add(None);
/// assert!(!seen.is_uniform());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeenOffsets(Seen);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Seen {
    #[default]
    Nothing,
    One(Option<i32>),
    /// More than one, or one that an Arrow zone cannot say.
    Different,
}

impl SeenOffsets {
    /// Notes a value's offset in seconds, or that it has none.
    ///
    /// ```
    /// let mut seen = dataknobs_data_arrow::SeenOffsets::default();
    /// seen.add(Some(4354)); // 01:12:34, which is no zone
    /// assert!(!seen.is_uniform());
    /// ```
    #[inline]
    pub fn add(&mut self, offset: Option<i32>) {
        match self.0 {
            Seen::One(before) if before == offset => {}
            Seen::Nothing if offset.is_none_or(|seconds| seconds % 60 == 0) => self.0 = Seen::One(offset),
            _ => self.0 = Seen::Different,
        }
    }

    /// Notes what was seen elsewhere in the column.
    ///
    /// ```
    /// use dataknobs_data_arrow::SeenOffsets;
    /// let (mut a, mut b) = (SeenOffsets::default(), SeenOffsets::default());
    /// a.add(None);
    /// b.add(Some(0));
    /// a.merge(b);
    /// assert!(!a.is_uniform());
    /// ```
    pub fn merge(&mut self, other: SeenOffsets) {
        match other.0 {
            Seen::Nothing => {}
            Seen::One(offset) => self.add(offset),
            Seen::Different => self.0 = Seen::Different,
        }
    }

    /// Whether all values have one offset, or none of them has one.
    ///
    /// ```
    /// assert!(dataknobs_data_arrow::SeenOffsets::default().is_uniform());
    /// ```
    pub fn is_uniform(self) -> bool {
        self.0 != Seen::Different
    }

    /// The zone of the column; none where offsets differ.
    pub(super) fn zone(self) -> Option<Zone> {
        match self.0 {
            Seen::Nothing | Seen::One(None) => Some(Zone::Naive),
            Seen::One(Some(offset)) => Some(Zone::Offset(offset)),
            Seen::Different => None,
        }
    }
}
