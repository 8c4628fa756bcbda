//! No file over 400 lines, no function over 60.
//!
//! There is no list of exceptions: a longer one holds two ideas, and the second wants a name.

use syn::visit::{self, Visit};

use super::Finding;
use crate::tree::Tree;

const FILE: usize = 400;
const FUNCTION: usize = 60;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.rust() {
        let lines = source.text.lines().count();
        if lines > FILE {
            let what = format!("{lines} lines; {FILE} is the most a file may have");
            findings.push(Finding::new(&source.path, 0, what));
        }
        if let Ok(syntax) = &source.syntax {
            let mut functions = Functions {
                path: &source.path,
                findings: &mut findings,
            };
            functions.visit_file(syntax);
        }
    }
    findings
}

struct Functions<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    /// From the signature to the closing brace: attributes and documentation do not count.
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = body.brace_token.span.close().end().line;
        let lines = last.saturating_sub(first) + 1;
        if lines > FUNCTION {
            let what = format!(
                "`{}` has {lines} lines; {FUNCTION} is the most a function may have",
                signature.ident
            );
            self.findings.push(Finding::new(self.path, first, what));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Finding> {
        check(&Tree::sample(&[("a.rs", text)]))
    }

    #[test]
    fn a_file_may_have_400_lines_and_no_more() {
        assert!(found(&"// x\n".repeat(400)).is_empty());
        assert_eq!(found(&"// x\n".repeat(401)).len(), 1);
    }

    #[test]
    fn a_function_may_have_60_lines_and_no_more() {
        let body = |lines: usize| format!("fn long() {{\n{}}}\n", "    f();\n".repeat(lines - 2));
        assert!(found(&body(60)).is_empty());
        let findings = found(&format!("\n{}", body(61)));
        assert_eq!((findings.len(), findings[0].line), (1, 2));
    }

    #[test]
    fn methods_and_inner_functions_are_measured_documentation_is_not() {
        let calls = "        f();\n".repeat(59);
        let method = format!("impl A {{\n    fn long(&self) {{\n{calls}    }}\n}}\n");
        let default = method.replace("impl A", "trait A");
        assert_eq!(found(&method).len(), 1);
        assert_eq!(found(&default).len(), 1);
        let documented = format!("{}fn short() {{}}\n", "/// x\n".repeat(70));
        assert!(found(&documented).is_empty());
    }
}
