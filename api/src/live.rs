//! What happens, as it happens: one listener a replica, one reader a project that somebody watches, and subscriptions that
//! miss nothing (streamed deltas excepted).

mod access;
mod frame;
mod hub;
mod subscription;

pub(crate) use access::AccessChanges;
pub(crate) use frame::{Frame, event_json, rfc3339};
pub(crate) use hub::Hub;
pub(crate) use subscription::Subscription;
