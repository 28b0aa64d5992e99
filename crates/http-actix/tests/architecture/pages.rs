//! Front pages of crates, and the tests that `docs/security.md` names.

use std::collections::BTreeSet;
use std::fs;

use syn::visit::{self, Visit};

use crate::arrows::ARROWS;
use crate::modules::{crates, folder_of};
use crate::sizes::sources;

/// Error codes that look like the name of a test.
const ERROR_CODES: [&str; 2] = ["last_protected_role_holder", "managed_by_another_tenant"];

#[test]
fn every_crate_has_a_front_page() {
    for (name, _, _) in ARROWS {
        let path = folder_of(&crates(), name).join("src/lib.rs");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn security_page_names_existing_tests() {
    let page = fs::read_to_string(crates().join("../docs/security.md")).unwrap();
    let mut functions = FunctionNames(BTreeSet::new());
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        functions.visit_file(&syn::parse_file(&text).unwrap());
    }
    // No other code on the page has as many underscores as the name of a test.
    let named: BTreeSet<&str> = page
        .split('`')
        .filter(|word| word.matches('_').count() > 2 && !word.contains(['/', '.', ' ']))
        .filter(|word| !ERROR_CODES.contains(word))
        .collect();
    let missing: Vec<_> = named.iter().filter(|name| !functions.0.contains(**name)).collect();
    assert_eq!(missing, [&""; 0], "docs/security.md names tests that do not exist");
    assert!(named.len() > 100, "only {} tests are named in docs/security.md", named.len());
}

/// Collects the names of all functions, also of those that a macro is given, as `proptest!` is.
struct FunctionNames(BTreeSet<String>);

impl<'ast> Visit<'ast> for FunctionNames {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.0.insert(function.sig.ident.to_string());
        visit::visit_item_fn(self, function);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let text = call.tokens.to_string();
        for after in text.split("fn ").skip(1) {
            let name = after.split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
            self.0.extend(name.map(str::to_owned));
        }
    }
}
