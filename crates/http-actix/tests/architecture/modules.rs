//! The modules of a crate and the paths that their code names, parsed with `syn`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

use crate::arrows::BENCH;

/// The segments of a module's path from the root of its crate, which is empty.
pub(crate) type ModulePath = Vec<String>;

/// The modules of one crate, without those that only tests compile.
pub(crate) struct Crate {
    /// One entry for each file, by the path of its module.
    pub(crate) files: BTreeMap<ModulePath, SourceFile>,
}

/// One source file.
pub(crate) struct SourceFile {
    /// The path below `crates`.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) syntax: syn::File,
    /// The paths that its code names, with `self` and `super` resolved. Paths of this crate begin
    /// with `crate`.
    pub(crate) paths: BTreeSet<Vec<String>>,
    /// The paths that it re-exports, by the name under which it does.
    reexports: BTreeMap<String, Vec<String>>,
}

impl Crate {
    /// Parses the library of a package below `crates`.
    pub(crate) fn parse(crates: &Path, package: &str) -> Self {
        let folder = folder_of(crates, package).join("src");
        let mut parsed = Self { files: BTreeMap::new() };
        parsed.add(crates, &folder.join("lib.rs"), &folder, &Vec::new());
        let modules: BTreeSet<ModulePath> = parsed.files.keys().cloned().collect();
        for (module, file) in &mut parsed.files {
            let mut collector = PathCollector::new(module, &modules);
            collector.visit_file(&file.syntax);
            (file.paths, file.reexports) = (collector.paths, collector.reexports);
        }
        parsed
    }

    fn add(&mut self, crates: &Path, path: &Path, children: &Path, module: &ModulePath) {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let syntax =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let declared: Vec<String> = syntax
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Mod(item) if item.content.is_none() && !is_for_tests(&item.attrs) => {
                    Some(item.ident.to_string())
                }
                _ => None,
            })
            .collect();
        let below = path.strip_prefix(crates).unwrap().to_str().unwrap().to_owned();
        let (paths, reexports) = (BTreeSet::new(), BTreeMap::new());
        self.files.insert(module.clone(), SourceFile { path: below, syntax, paths, reexports });
        for name in declared {
            let folder = children.join(&name);
            let file = children.join(format!("{name}.rs"));
            let file = if file.exists() { file } else { folder.join("mod.rs") };
            let module = module.iter().cloned().chain([name]).collect();
            self.add(crates, &file, &folder, &module);
        }
    }

    /// Returns the files that a file imports from: those that define what it names, and those
    /// through whose re-exports it does.
    pub(crate) fn imports(&self, module: &ModulePath) -> BTreeSet<&ModulePath> {
        let mut found = BTreeSet::new();
        for path in &self.files[module].paths {
            if path.first().is_some_and(|first| first == "crate") {
                self.resolve(&path[1..], &mut found, 0);
            }
        }
        found.remove(module);
        found
    }

    fn resolve<'a>(&'a self, path: &[String], found: &mut BTreeSet<&'a ModulePath>, depth: u8) {
        let longest = (0..=path.len()).rev().find_map(|length| {
            let (module, file) = self.files.get_key_value(&path[..length])?;
            Some((module, file, &path[length..]))
        });
        let Some((module, file, rest)) = longest else { return };
        found.insert(module);
        let reexported = rest.first().and_then(|name| file.reexports.get(name));
        if let Some(target) = reexported.filter(|_| depth < 8) {
            self.resolve(&target[1..], found, depth + 1);
        }
    }
}

/// Whether an item is compiled for tests only.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
    })
}

/// Collects the paths that a file names.
struct PathCollector<'a> {
    /// The module of the file, followed by the modules within it that are being visited.
    module: ModulePath,
    modules: &'a BTreeSet<ModulePath>,
    paths: BTreeSet<Vec<String>>,
    reexports: BTreeMap<String, Vec<String>>,
}

impl<'a> PathCollector<'a> {
    fn new(module: &ModulePath, modules: &'a BTreeSet<ModulePath>) -> Self {
        let module = module.clone();
        Self { module, modules, paths: BTreeSet::new(), reexports: BTreeMap::new() }
    }

    /// Returns the path from the root of the crate, or as it is if it leads out of the crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = self.module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => return Some(path.to_vec()),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                base.push(first.to_owned());
                if !self.modules.contains(&base) {
                    return Some(path.to_vec());
                }
                base.pop();
            }
        }
        let root = ["crate".to_owned()];
        Some(root.into_iter().chain(base).chain(rest.iter().cloned()).collect())
    }

    fn add(&mut self, path: &[String]) {
        // A path of one segment names something of the file itself or of the prelude.
        if path.len() > 1
            && let Some(path) = self.absolute(path)
        {
            self.paths.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for PathCollector<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        for (path, name) in leaves(&item.tree, &[]) {
            let Some(path) = self.absolute(&path) else { continue };
            if is_public && path[0] == "crate" {
                self.reexports.insert(name, path.clone());
            }
            self.paths.insert(path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        visit::visit_path(self, &call.path);
        // The arguments of a macro are tokens; paths of the crate are found by how they begin.
        let text = call.tokens.to_string().replace(" :: ", "::");
        let in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for word in text.split(|c| !in_path(c)) {
            let segments: Vec<_> = word.split("::").map(str::to_owned).collect();
            if segments.iter().all(|segment| !segment.is_empty()) {
                self.add(&segments);
            }
        }
    }
}

/// Returns the paths of a tree of imports, each with the name that it has afterwards.
fn leaves(tree: &UseTree, prefix: &[String]) -> Vec<(Vec<String>, String)> {
    let with = |segment: &dyn ToString| {
        prefix.iter().cloned().chain([segment.to_string()]).collect::<Vec<_>>()
    };
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(&path.ident)),
        UseTree::Name(name) if name.ident == "self" => {
            vec![(prefix.to_vec(), prefix.last().cloned().unwrap_or_default())]
        }
        UseTree::Name(name) => vec![(with(&name.ident), name.ident.to_string())],
        UseTree::Rename(rename) => vec![(with(&rename.ident), rename.rename.to_string())],
        UseTree::Glob(_) => vec![(prefix.to_vec(), "*".to_owned())],
        UseTree::Group(group) => group.items.iter().flat_map(|tree| leaves(tree, prefix)).collect(),
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns the folder of the workspace's crates.
pub(crate) fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Returns the folder of a package.
pub(crate) fn folder_of(crates: &Path, package: &str) -> PathBuf {
    if package == BENCH { crates.join("..").join(package) } else { crates.join(package) }
}
