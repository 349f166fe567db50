//! The cases, by the part of the interface that they look at.

mod close;
mod graph;
mod guest;
mod handshake;
mod input;
mod names;
mod output;
mod trap;

use crate::check::Case;

/// Points of the two lists that are the same.
pub const ALIASES: &[(&str, &str)] = &[
    ("P2-12", "P2-11"),
    ("E1", "P2-10"),
    ("E4", "P2-58t"),
    ("E7", "P2-30"),
    ("E9", "P2-20"),
    ("E10", "P2-31"),
    ("E11", "P2-17"),
    ("E12", "P2-72"),
    ("E13", "P2-53"),
    ("E15", "P2-02"),
    ("E17", "P2-11"),
];

pub fn all() -> impl Iterator<Item = &'static Case> {
    let groups: [&'static [Case]; 8] = [
        handshake::CASES,
        graph::CASES,
        input::CASES,
        output::CASES,
        close::CASES,
        names::CASES,
        guest::CASES,
        trap::CASES,
    ];
    groups.into_iter().flatten()
}
