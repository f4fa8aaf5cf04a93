// Before anything is painted: the light or dark that the reader asked for (without a wish the system's choice holds), and
// that what is out of sight may wait (page.js ends that), unless the address names a place in the page.
if (!location.hash) document.documentElement.dataset.arriving = "";
try {
  const scheme = localStorage.getItem("scheme");
  if (scheme) document.documentElement.dataset.scheme = scheme;
} catch { /* a browser that stores nothing has no wish to keep */ }
