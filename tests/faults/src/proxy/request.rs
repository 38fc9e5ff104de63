//! Where a request ends. What is no HTTP is passed on as it comes.

use memchr::memmem::find;

/// The length of the first whole request, or of all if it is none; `None` while more must come.
pub(super) fn whole(buffer: &[u8]) -> Option<usize> {
    if buffer.is_empty() {
        return None;
    }
    if ![b"GET ".as_slice(), b"POST ", b"PUT ", b"DELETE "].iter().any(|method| buffer.starts_with(method)) {
        return Some(buffer.len());
    }
    let head = find(buffer, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(buffer.get(..head)?);
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let length = head + body.unwrap_or(0);
    (buffer.len() >= length).then_some(length)
}

/// Its first line.
pub(super) fn first_line(request: &[u8]) -> &str {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    std::str::from_utf8(line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_with_its_body() {
        let request = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET";

        assert_eq!(whole(request), Some(request.len() - 3));
        assert_eq!(whole(&request[..request.len() - 4]), None);
        assert_eq!(whole(b"NICK fulmar\r\n"), Some(13));
        assert_eq!(first_line(request), "POST /a HTTP/1.1");
    }
}
