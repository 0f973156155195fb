//! The manifest of an image, as far as a node needs it: how long the image is (storage.md §4.7, §5.7).

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::error::Error;

/// Longest manifest that is read, bytes. One of a thousand parts has about 200 KiB.
pub const MAX_MANIFEST: usize = 2 << 20;
/// Deepest nesting of elements; a manifest has six levels.
const MAX_DEPTH: usize = 32;
/// Where the size is.
const PATH: [&str; 3] = ["manifest", "image", "size"];

/// Bytes of the image that `manifest`, fetched as `what`, describes: a whole number from 1 to 2^63-1 at
/// `manifest/image/size`. The digest in it is of no use (Q8), whatever else is in it does not matter here.
///
/// # Errors
/// [`Error::Corrupt`] when there is no such number, or the text is not XML, too long or too deep: an error document
/// that came with status 200, say (Q13).
pub fn image_size(what: &str, manifest: &[u8]) -> Result<u64, Error> {
    let corrupt = |reason: &str| Error::Corrupt { what: what.to_owned(), reason: reason.to_owned() };
    if manifest.len() > MAX_MANIFEST {
        return Err(corrupt("it is too long for a manifest"));
    }
    let mut reader = Reader::from_reader(manifest);
    let mut depth = 0;
    // How many of the open elements, from the outermost on, are those of the path.
    let mut matched = 0;
    loop {
        let event = reader.read_event().map_err(|error| corrupt(&format!("it is not XML: {error}")))?;
        match event {
            Event::Start(start) => {
                if matched == depth
                    && PATH.get(depth).is_some_and(|name| *name == start.local_name().as_ref())
                {
                    matched += 1;
                }
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(corrupt("its elements are nested too deeply"));
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                matched = matched.min(depth);
            }
            Event::Text(text) if matched == PATH.len() && depth == PATH.len() => {
                let text = Some(text.trim()).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                let size =
                    text.and_then(|text| text.parse::<i64>().ok()).and_then(|size| size.try_into().ok());
                return size.filter(|size| *size > 0).ok_or_else(|| corrupt("its image size is no size"));
            }
            Event::DocType(_) => return Err(corrupt("it has a document type")),
            Event::Eof => return Err(corrupt("it tells no image size")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(image: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><manifest><version>2007-10-10</version><size>7</size>\
             <machine_configuration><size>8</size></machine_configuration>\
             <image><name>i</name><parts><size>9</size></parts>{image}</image><signature>ab</signature></manifest>"
        )
    }

    fn size(text: &str) -> Option<u64> {
        match image_size("m", text.as_bytes()) {
            Ok(size) => Some(size),
            Err(Error::Corrupt { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn st_t035_the_size_is_found_by_its_path() {
        let image = "<bundled_size>5</bundled_size><size>1073741824</size>";
        assert_eq!(size(&manifest(image)), Some(1_073_741_824));
        assert_eq!(size(&manifest("<size>\n 1 </size>")), Some(1));
        assert_eq!(size(&manifest("<size>9223372036854775807</size>")), Some((1 << 63) - 1));
        // st_t037: the digest of nothing, as euca2ools wrote it, beside an image that is not empty.
        let digest =
            "<digest algorithm=\"SHA1\">da39a3ee5e6b4b0d3255bfef95601890afd80709</digest><size>5</size>";
        assert_eq!(size(&manifest(digest)), Some(5));
    }

    #[test]
    fn st_t036_what_is_no_size_is_an_error() {
        for image in [
            "",
            "<size>0</size>",
            "<size>-5</size>",
            "<size>12abc</size>",
            "<size>9223372036854775808</size>",
            "<size></size>",
            "<size/>",
            "<size>1.5</size>",
            "<size>+5</size>",
            "<size>&#53;</size>",
            "<size><b>5</b></size>",
        ] {
            assert_eq!(size(&manifest(image)), None, "{image}");
        }
        for text in [
            "",
            "plain",
            "<Error><Code>InternalError</Code></Error>",
            "<!DOCTYPE m [<!ENTITY a \"5\">]><manifest><image><size>5</size></image></manifest>",
            "<a><manifest><image><size>5</size></image></manifest></a>",
            "<manifest></image><size>5</size></manifest>",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
        assert_eq!(size(&"<a>".repeat(10_000)), None);
        assert_eq!(size(&manifest(&" ".repeat(MAX_MANIFEST))), None);
    }
}
