//! What `cargo metadata` knows about this workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The root folder and the packages of this workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name in its manifest.
    pub(crate) name: String,
    /// Its folder, relative to the root, with `/` between the parts.
    pub(crate) folder: String,
    /// Its features in alphabetical order, `default` left out.
    pub(crate) features: Vec<String>,
}

impl Workspace {
    /// Asks cargo, in the current folder.
    pub(crate) fn load() -> Result<Self> {
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        let text = process::capture(&mut process::cargo(Path::new("."), arguments))?;
        Self::parse(&text).context("cannot read the output of cargo metadata")
    }

    fn parse(text: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(text)?;
        let root = PathBuf::from(string(&metadata, "workspace_root")?);
        let target = PathBuf::from(string(&metadata, "target_directory")?);
        let packages = metadata["packages"]
            .as_array()
            .context("no packages")?
            .iter()
            .map(|package| Package::parse(package, &root))
            .collect::<Result<_>>()?;
        Ok(Self { root, target, packages })
    }

    /// The folder that holds the root manifest.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that builds go to.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The member of this name.
    pub(crate) fn package(&self, name: &str) -> Result<&Package> {
        self.packages
            .iter()
            .find(|package| package.name == name)
            .with_context(|| format!("this workspace has no package {name}"))
    }
}

impl Package {
    fn parse(package: &Value, root: &Path) -> Result<Self> {
        let manifest = PathBuf::from(string(package, "manifest_path")?);
        let folder = manifest
            .parent()
            .and_then(|folder| folder.strip_prefix(root).ok())
            .context("a package lies outside the workspace")?;
        let mut features: Vec<String> = package["features"]
            .as_object()
            .context("a package without a feature table")?
            .keys()
            .filter(|feature| *feature != "default")
            .cloned()
            .collect();
        features.sort();
        Ok(Self {
            name: string(package, "name")?.to_owned(),
            folder: folder.to_string_lossy().replace('\\', "/"),
            features,
        })
    }
}

fn string<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("no text under {key:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/repository",
        "target_directory": "/repository/target",
        "packages": [{
            "name": "dataknobs-data",
            "manifest_path": "/repository/crates/data/Cargo.toml",
            "features": {"default": ["file"], "s3": [], "file": ["dep:x"]}
        }]
    }"#;

    #[test]
    fn finds_packages_with_folder_and_features() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let package = workspace.package("dataknobs-data").unwrap();
        assert_eq!(package.folder, "crates/data");
        assert_eq!(package.features, ["file", "s3"]);
    }

    #[test]
    fn a_missing_package_is_an_error_that_names_it() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let error = workspace.package("other").unwrap_err();
        assert_eq!(error.to_string(), "this workspace has no package other");
    }
}
