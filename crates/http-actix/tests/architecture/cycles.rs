//! No two files of a crate import each other, directly or through others.

use std::collections::BTreeMap;

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use crate::arrows::ARROWS;
use crate::modules::{Crate, ModulePath, crates};

#[test]
fn no_crate_has_an_import_cycle() {
    let mut cycles = Vec::new();
    for (name, _, _) in ARROWS {
        cycles.extend(cycles_of(&Crate::parse(&crates(), name)));
    }
    assert!(cycles.is_empty(), "{} cycles:\n{}", cycles.len(), cycles.join("\n"));
}

#[test]
fn planted_cycle_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join("sample/src").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\n");
    write("a.rs", "use crate::b::{self, B as Renamed};\npub struct A(Renamed);\n");
    // By a re-export, within a macro, and in a module within the file.
    write("b/mod.rs", "mod inner;\npub use inner::Inner as B;\n");
    write("b/inner.rs", "pub struct Inner;\nfn f() { println!(\"{}\", crate::c::value()); }\n");
    write("c.rs", "pub fn value() -> u8 { 1 }\nmod deep { use super::super::A; }\n");
    let cycles = cycles_of(&Crate::parse(folder.path(), "sample"));
    assert_eq!(cycles.len(), 1, "{cycles:?}");
    for file in ["lib.rs", "a.rs", "inner.rs", "c.rs"] {
        assert!(cycles[0].contains(file), "{file}: {cycles:?}");
    }

    write("c.rs", "pub fn value() -> u8 { 1 }\n#[cfg(test)]\nmod deep { use super::super::A; }\n");
    assert!(cycles_of(&Crate::parse(folder.path(), "sample")).is_empty());
}

/// Returns each cycle as the list of its imports.
fn cycles_of(parsed: &Crate) -> Vec<String> {
    let mut graph = DiGraph::<&ModulePath, ()>::new();
    let nodes: BTreeMap<_, _> =
        parsed.files.keys().map(|module| (module, graph.add_node(module))).collect();
    for module in parsed.files.keys() {
        for imported in parsed.imports(module) {
            graph.add_edge(nodes[module], nodes[imported], ());
        }
    }
    let cycles = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    let written = cycles.map(|files| {
        let edges = files.iter().flat_map(|from| {
            let to = graph.neighbors(*from).filter(|to| files.contains(to));
            let path = |node| parsed.files[graph[node]].path.as_str();
            to.map(move |to| format!("  {} imports {}\n", path(*from), path(to)))
                .collect::<Vec<_>>()
        });
        edges.collect::<String>()
    });
    written.collect()
}
