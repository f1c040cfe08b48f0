//! fMP4 boxes: init segments and fragments.
