//! Says where the web application lies that `make web` built, and has the crate compiled again when it was built again, where
//! it is embedded: in release builds. A path without `..`, since the folder may not be there yet.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let root = Path::new("..").canonicalize().expect("the folder above this crate");
    let dist = root.join("web").join("dist");
    println!("cargo:rustc-env=GROUNDWORK_WEB_DIST={}", dist.display());
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={}", dist.display());
    }
}
