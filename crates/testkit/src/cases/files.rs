//! The case files of the folder `cases`, built in: who installs this elsewhere has no such folder.

/// The text of each file by its topic.
macro_rules! files {
    ($($topic:literal),* $(,)?) => {
        &[$(($topic, include_str!(concat!("../../cases/", $topic, ".json")))),*]
    };
}

pub(super) const FILES: &[(&str, &str)] = files![
    "aggregation",
    "classes",
    "comparison",
    "conversion",
    "detection",
    "errors",
    "match",
    "membership",
    "nested",
    "paging",
    "paths",
    "patterns",
    "presence",
    "projection",
    "sort",
    "text",
];
