//! NAL units in a payload: length-prefixed and Annex B.
