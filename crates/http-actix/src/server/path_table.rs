//! Templates of paths, such as `/api/v1/users/{userId}`, and the table to look them up by a path.

use std::fmt;

/// The maximum number of segments of a template. The text before the first slash counts.
const MAX_SEGMENTS: usize = 8;

/// The template of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// The parameter with this name: any text that is not empty.
    Parameter(String),
}

impl Segment {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == text,
            Self::Parameter(_) => !text.is_empty(),
        }
    }
}

impl PathTemplate {
    /// Reads a template. Each of its segments is a literal, or a parameter in braces.
    pub(crate) fn new(text: &str) -> Self {
        let segment = |segment: &str| {
            let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            name.map_or_else(
                || Segment::Literal(segment.to_owned()),
                |name| Segment::Parameter(name.to_owned()),
            )
        };
        Self { text: text.to_owned(), segments: text.split('/').map(segment).collect() }
    }

    /// Returns the text of the template.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the position of a parameter among the segments of a path.
    pub(crate) fn position(&self, parameter: &str) -> Option<usize> {
        self.segments
            .iter()
            .position(|segment| matches!(segment, Segment::Parameter(name) if name == parameter))
    }
}

/// The segments of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segments<'a> {
    texts: [&'a str; MAX_SEGMENTS],
    count: usize,
}

impl<'a> Segments<'a> {
    /// Splits a path; `None` if it has more segments than any template.
    fn of(path: &'a str) -> Option<Self> {
        let mut segments = Self { texts: [""; MAX_SEGMENTS], count: 0 };
        let mut start = 0;
        // Every request comes here, and `str::split` takes several times as long.
        for (end, byte) in path.bytes().enumerate() {
            if byte == b'/' {
                segments.push(path.get(start..end)?)?;
                start = end + 1;
            }
        }
        segments.push(path.get(start..)?)?;
        Some(segments)
    }

    fn push(&mut self, text: &'a str) -> Option<()> {
        *self.texts.get_mut(self.count)? = text;
        self.count += 1;
        Some(())
    }

    /// Returns the segment at this position.
    pub(crate) fn get(&self, position: usize) -> Option<&'a str> {
        self.texts.get(position).copied()
    }
}

/// Values by template. A path is split once, and compared only with templates of as many segments.
pub(crate) struct PathTable<T> {
    by_length: [Vec<(PathTemplate, T)>; MAX_SEGMENTS],
}

impl<T> PathTable<T> {
    /// Returns the value of the first template that the path matches, and the path's segments.
    pub(crate) fn find<'a>(&self, path: &'a str) -> Option<(&T, Segments<'a>)> {
        let segments = Segments::of(path)?;
        let templates = self.by_length.get(segments.count.checked_sub(1)?)?;
        let matches = |template: &PathTemplate| {
            let mut pairs = template.segments.iter().zip(segments.texts);
            pairs.all(|(segment, text)| segment.matches(text))
        };
        let (_, value) = templates.iter().find(|(template, _)| matches(template))?;
        Some((value, segments))
    }
}

impl<T> Default for PathTable<T> {
    fn default() -> Self {
        Self { by_length: Default::default() }
    }
}

impl<T> FromIterator<(PathTemplate, T)> for PathTable<T> {
    /// A template with more segments than the table can hold is left out.
    fn from_iter<I: IntoIterator<Item = (PathTemplate, T)>>(entries: I) -> Self {
        let mut table = Self::default();
        for (template, value) in entries {
            let length = template.segments.len();
            if let Some(templates) = table.by_length.get_mut(length.saturating_sub(1)) {
                templates.push((template, value));
            }
        }
        table
    }
}

impl<T> fmt::Debug for PathTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let templates = self.by_length.iter().flatten().map(|(template, _)| template.as_str());
        f.debug_list().entries(templates).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str) -> Option<&'static str> {
        let templates = ["/a", "/a/{x}", "/a/b/{y}", "/a/{x}/c", "/{x}/b/c", "/"];
        let table: PathTable<&'static str> =
            templates.into_iter().map(|template| (PathTemplate::new(template), template)).collect();
        table.find(path).map(|(template, _)| *template)
    }

    #[test]
    fn path_finds_the_first_template_that_matches() {
        for (path, template) in [
            ("/a", Some("/a")),
            ("/", Some("/")),
            ("/a/", None),
            ("", None),
            ("a", None),
            ("/a/z", Some("/a/{x}")),
            ("/a/b/c", Some("/a/b/{y}")),
            ("/a/z/c", Some("/a/{x}/c")),
            ("/a//c", None),
            ("/z/b/c", Some("/{x}/b/c")),
            ("/z/b/c/", None),
            ("/1/2/3/4/5/6/7/8/9/10", None),
        ] {
            assert_eq!(find(path), template, "{path}");
        }
    }

    #[test]
    fn parameter_is_found_by_its_position() {
        let template = PathTemplate::new("/a/{x}/c/{y}");
        let segments = Segments::of("/a/1/c/2").unwrap();
        let parameter = |name: &str| segments.get(template.position(name)?);
        assert_eq!((parameter("x"), parameter("y")), (Some("1"), Some("2")));
        assert_eq!((template.position("c"), template.position("z")), (None, None));
    }
}
