//! The cases, by the part of the interface that they look at.

mod connect;
mod data;
mod ends;
mod set_up;
mod trap;

use crate::check::Case;

pub fn all() -> impl Iterator<Item = &'static Case> {
    let groups: [&'static [Case]; 5] =
        [set_up::CASES, connect::CASES, ends::CASES, data::CASES, trap::CASES];
    groups.into_iter().flatten()
}
