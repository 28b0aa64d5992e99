//! No call without a scope: who takes scopes, who makes them, and who may do without.

use std::collections::BTreeSet;

use cargo_metadata::DependencyKind;
use syn::visit::{self, Visit};
use syn::{Attribute, ExprPath, FnArg, ImplItem, Item, TraitItem, Type, Visibility};

use crate::arrows::packages;
use crate::rules::{all_files, parsed};

/// Methods of ports that touch no tenant's data, and so take no scope.
const WITHOUT_SCOPE: [&str; 7] = [
    "Clock::now",
    "KeySource::fetch",
    "UpstreamObserver::record_quota",
    "UpstreamObserver::record_request",
    "UpstreamObserver::set_circuit",
    "UpstreamObserver::set_waiting",
    "UserDirectory::check_ready",
];

/// Where code bypasses the policy. This list may only shrink.
const BYPASSES: [&str; 1] = ["application/src/authorizer.rs"];

/// The one crate that may bypass the policy, and so enables `domain/system-scope`.
const BYPASSING_CRATE: &str = "application";

const SCOPES: [&str; 2] = ["TenantScope", "AccountScope"];

#[test]
fn port_methods_take_a_scope_first() {
    let (mut methods, mut without_scope) = (0, BTreeSet::new());
    for file in parsed("ports").files.values() {
        for item in &file.syntax.items {
            let Item::Trait(port) = item else { continue };
            for member in &port.items {
                let TraitItem::Fn(method) = member else { continue };
                methods += 1;
                let mut parameters = method.sig.inputs.iter().filter_map(|input| match input {
                    FnArg::Receiver(_) => None,
                    FnArg::Typed(parameter) => Some(&*parameter.ty),
                });
                if !parameters.next().is_some_and(is_scope_reference) {
                    without_scope.insert(format!("{}::{}", port.ident, method.sig.ident));
                }
            }
        }
    }
    assert_eq!(without_scope.iter().map(String::as_str).collect::<Vec<_>>(), WITHOUT_SCOPE);
    assert!(methods > 10, "only {methods} methods were found");
}

fn is_scope_reference(parameter: &Type) -> bool {
    let Type::Reference(reference) = parameter else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    path.path.segments.last().is_some_and(|last| SCOPES.iter().any(|scope| last.ident == scope))
}

#[test]
fn bypasses_of_the_policy_are_counted() {
    let found: Vec<String> = all_files()
        .iter()
        .flat_map(|file| std::iter::repeat_n(file.path.clone(), uses(&file.syntax, "system")))
        .collect();
    assert_eq!(found, BYPASSES);
    for package in packages() {
        let domain = package.dependencies.iter().filter(|known| known.name == "domain");
        for dependency in domain.filter(|known| known.kind != DependencyKind::Development) {
            let bypasses = dependency.features.iter().any(|name| name == "system-scope");
            let expected = package.name.as_str() == BYPASSING_CRATE;
            assert_eq!(bypasses, expected, "{} and domain/system-scope", package.name);
        }
    }
}

/// The files of the scopes.
const SCOPE_FILES: [&str; 2] = ["domain/src/account_scope.rs", "domain/src/tenant_scope.rs"];

#[test]
fn only_the_policy_makes_scopes() {
    let makers: Vec<String> = all_files()
        .iter()
        .filter(|file| !SCOPE_FILES.contains(&file.path.as_str()) && uses(&file.syntax, "new") > 0)
        .map(|file| file.path.clone())
        .collect();
    assert_eq!(makers, ["domain/src/policy.rs"]);

    let domain = parsed("domain");
    let scopes = domain.files.values().filter(|file| SCOPE_FILES.contains(&file.path.as_str()));
    let mut conversions = Vec::new();
    for item in scopes.flat_map(|file| &file.syntax.items) {
        match item {
            Item::Struct(item) if SCOPES.iter().any(|scope| item.ident == scope) => {
                let is_private = |field: &syn::Field| matches!(field.vis, Visibility::Inherited);
                assert!(item.fields.iter().all(is_private), "{} has a public field", item.ident);
                let derived = format!("{:?}", derives(&item.attrs));
                assert!(!derived.contains("Default"), "{} has a default value", item.ident);
            }
            Item::Impl(item) => {
                let Some((_, made, _)) = &item.trait_ else {
                    assert_constructors_are_guarded(&item.items);
                    continue;
                };
                let name = made.segments.last().unwrap().ident.to_string();
                if ["Default", "DerefMut", "From", "FromStr", "TryFrom"].contains(&name.as_str()) {
                    conversions.push(name);
                }
            }
            _ => {}
        }
    }
    // The narrower scope that a wider one gives.
    assert_eq!(conversions, ["From"]);
}

/// Functions that return a scope out of other things are not public, but for the bypass behind its
/// feature.
fn assert_constructors_are_guarded(items: &[ImplItem]) {
    for item in items {
        let ImplItem::Fn(function) = item else { continue };
        let name = function.sig.ident.to_string();
        let has_receiver = function.sig.receiver().is_some();
        if has_receiver || !matches!(function.vis, Visibility::Public(_)) {
            continue;
        }
        assert_eq!(name, "system", "a public constructor of a scope");
        let guarded = function.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::MetaNameValue>()
                    .is_ok_and(|condition| condition.path.is_ident("feature"))
        });
        assert!(guarded, "AccountScope::system is behind the feature system-scope");
    }
}

fn derives(attributes: &[Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let parse = attribute.parse_nested_meta(|meta| {
            found.extend(meta.path.get_ident().map(ToString::to_string));
            Ok(())
        });
        parse.unwrap();
    }
    found
}

/// Returns how often a file names this function of a scope.
fn uses(file: &syn::File, function: &str) -> usize {
    struct Counter<'a>(&'a str, usize);
    impl<'ast> Visit<'ast> for Counter<'_> {
        fn visit_expr_path(&mut self, path: &'ast ExprPath) {
            let names: Vec<_> =
                path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if let [.., scope, function] = names.as_slice()
                && SCOPES.contains(&scope.as_str())
                && function == self.0
            {
                self.1 += 1;
            }
            visit::visit_expr_path(self, path);
        }
    }
    let mut counter = Counter(function, 0);
    counter.visit_file(file);
    counter.1
}
