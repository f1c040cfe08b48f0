//! stub
#![allow(missing_docs)]
use std::sync::Arc;
use crate::stream::{PlaybackId, Subscriber};
pub struct Config { pub segment: std::time::Duration, pub part: std::time::Duration, pub window: usize, pub segment_max: std::time::Duration, pub resume: std::time::Duration }
#[derive(Default)]
pub struct Library;
impl Library { pub fn insert(&self, _p: PlaybackId, _r: Arc<Rendition>) {} pub fn figures(&self) -> Vec<(String, &'static str, u64, u64)> { Vec::new() } }
pub struct Rendition;
pub struct Packager;
impl Packager { pub fn new(mut s: Subscriber, _p: PlaybackId, _c: Config) -> (Arc<Rendition>, impl Future<Output = ()> + Send + 'static) { (Arc::new(Rendition), async move { loop { s.recv().await; } }) } }
