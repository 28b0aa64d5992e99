//! The use cases of Usher: one function a published operation, over domain and ports.
