//! Reads the Prometheus text of the metrics listener.

use std::collections::BTreeMap;

/// One scrape.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(Vec<Sample>);

#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    /// Parses the text format; comment lines are skipped.
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(Sample::parse).collect())
    }

    /// The sum of all samples of this name that carry these labels; `None` if there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |sample: &&Sample| {
            sample.name == name
                && labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|is| is == value))
        };
        let mut found = self.0.iter().filter(fits).map(|sample| sample.value).peekable();
        found.peek()?;
        Some(found.sum())
    }

    /// Every value of a label among the samples of a name.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|sample| sample.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Sample {
    fn parse(line: &str) -> Option<Self> {
        let (series, rest) = match line.find('}') {
            Some(end) => line.split_at(end + 1),
            None => line.split_at(line.find(' ')?),
        };
        let value = rest.split_whitespace().next()?.parse().ok()?;
        let Some((name, inner)) = series.trim_end_matches('}').split_once('{') else {
            return Some(Self { name: series.to_owned(), labels: BTreeMap::new(), value });
        };
        let pairs = inner.split("\",").filter_map(|pair| pair.split_once("=\""));
        let labels = pairs
            .map(|(key, value)| (key.trim().to_owned(), value.trim_end_matches('"').to_owned()))
            .collect();
        Some(Self { name: name.to_owned(), labels, value })
    }
}

#[test]
fn a_scrape_is_read_by_name_and_labels() {
    let text = "# TYPE a counter\na_total{x=\"1\",y=\"one two\"} 3\na_total{x=\"2\",y=\"z\"} 4.5\nplain 7 1700000000\n# EOF\n";
    let metrics = Metrics::parse(text);
    assert_eq!(metrics.sum("a_total", &[]), Some(7.5));
    assert_eq!(metrics.sum("a_total", &[("x", "2"), ("y", "z")]), Some(4.5));
    assert_eq!(metrics.sum("a_total", &[("x", "9")]), None);
    assert_eq!(metrics.sum("plain", &[]), Some(7.0));
    assert_eq!(metrics.names(), ["a_total", "plain"]);
}
