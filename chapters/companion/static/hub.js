// A link by which nbgitpuller brings the book to a hub, made of what the reader fills in. Nothing is kept or sent: there is no form,
// and the link is only shown. The same link as `hub_link` in launch.py makes, and as the link generator of nbgitpuller.
(() => {
  "use strict";
  const place = document.querySelector(".hub-link");
  const { repository, branch, pages } = place.dataset;

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  // What is typed into a field, checked: a value, or an Error that says what is wrong
  function address(text, example) {
    if (/\s/.test(text)) throw new Error("There is a space in this address. Write it without.");
    if (!/^https?:\/\//i.test(text)) throw new Error(`An address begins with https://, as in ${example}`);
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url?.hostname) throw new Error(`This is not an address. It should look like ${example}`);
    if (url.username || url.password) throw new Error("An address that all students get must hold no name or password.");
    if (url.search || url.hash) throw new Error("Leave out what begins with ? or #.");
    return url;
  }
  const checks = {
    hub(text) {
      const url = address(text, "https://hub.example.org");
      // As copied from a browser that is in the hub: its pages are below hub/ and user/.
      url.pathname = `${url.pathname.replace(/\/(hub|user)(\/.*)?$/, "").replace(/\/+$/, "")}/`;
      return url;
    },
    repository(text) {
      const url = address(text, "https://github.com/owner/name");
      if (!/[^/]/.test(url.pathname)) throw new Error("The name of the repository is missing, as in https://github.com/owner/name");
      return text.replace(/\/+$/, "");
    },
    branch(text) {
      if (/^[0-9a-f]{40}$/i.test(text)) throw new Error("This is a commit. The link needs the name of a branch.");
      if (/[\s~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$/.test(text)) throw new Error("Git allows no branch of this name.");
      return text;
    },
  };

  function field(id, label, hint, value) {
    const error = element("p", { id: `hub-${id}-error`, className: "hub-error", role: "alert" });
    const input = element("input", {
      id: `hub-${id}`, type: "text", value, autocomplete: "off", autocapitalize: "off", spellcheck: false,
      "aria-describedby": `hub-${id}-hint hub-${id}-error`,
    });
    place.append(element("p", {}, element("label", { htmlFor: input.id }, label), input,
      element("span", { id: `hub-${id}-hint`, className: "hub-hint" }, hint)), error);
    let left = false; // nobody is corrected in the middle of a word
    function read() {
      const text = input.value.trim();
      let value = null, wrong = "";
      try { if (text || id === "branch") value = checks[id](text); } catch (fault) { wrong = fault.message; }
      if (!left) wrong = "";
      if (error.textContent !== wrong) error.textContent = wrong;
      if (wrong) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      return value;
    }
    input.addEventListener("input", () => { if (!input.hasAttribute("aria-invalid")) left = false; show(); });
    input.addEventListener("change", () => { left = true; }); // and on to the place, which shows it
    return read;
  }

  const read = {
    hub: field("hub", "Address of your hub", "The page on which students log in.", ""),
    repository: field("repository", "Address of the repository", "The book’s own, or your copy of it.", repository),
    branch: field("branch", "Branch", "The one with the state of the book that you teach.", branch),
  };
  const page = element("select", { id: "hub-page" });
  for (const [path, title] of JSON.parse(pages)) page.append(new Option(title, path));
  const apps = [["lab/tree/", "JupyterLab"], ["tree/", "Notebook"]].map(([value, words], number) => {
    const radio = element("input", { type: "radio", name: "hub-app", value, checked: !number });
    return [radio, element("label", {}, radio, words)];
  });
  const link = element("code", { className: "hub-made" }); // no live region: it changes with every key
  const copy = element("button", { type: "button", textContent: "Copy link" });
  const said = element("p", { role: "status" });
  place.append(element("p", {}, element("label", { htmlFor: "hub-page" }, "Page"), page),
    element("fieldset", {}, element("legend", { textContent: "Open it in" }), ...apps.map(([, label]) => label)),
    element("p", { className: "hub-title" }, "The link"), element("p", {}, link), element("p", {}, copy), said);
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", "Make a link to your hub");

  let made = "";
  function show() {
    const hub = read.hub(), repository = read.repository(), branch = read.branch();
    const ready = hub && repository && branch !== null;
    made = "";
    if (ready) {
      const folder = repository.split("/").pop().replace(/\.git$/, "");
      const url = new URL("hub/user-redirect/git-pull", hub);
      url.searchParams.set("repo", repository);
      url.searchParams.set("urlpath", `${apps.find(([radio]) => radio.checked)[0].value}${folder}/${page.value}`);
      if (branch) url.searchParams.set("branch", branch);
      made = url.href;
    }
    link.textContent = made || "It appears here when the fields above are filled in.";
    copy.disabled = !made;
    said.textContent = "";
  }
  place.addEventListener("change", show);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(made);
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(link);
      said.textContent = "This browser does not let the page copy. The link is selected: copy it with the keyboard.";
    }
  });
  show();
})();
