// Before anything is painted: the light or dark that the reader asked for; without a wish the system's choice holds.
try {
  const scheme = localStorage.getItem("scheme");
  if (scheme) document.documentElement.dataset.scheme = scheme;
} catch { /* a browser that stores nothing has no wish to keep */ }
