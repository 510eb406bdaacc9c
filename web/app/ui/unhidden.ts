/**
 * Keeps an element in sight: on the page, above everything, as it was made.
 *
 * Against accidents, and style sheets and scripts of others that meet it by chance. Not against
 * somebody who runs code of their own in their page: no page can hold out against that, and it is
 * their own screen.
 */

/** What makes it seen, whatever a style sheet says: `!important` on the element itself wins. */
const SEEN: Readonly<Record<string, string>> = {
  display: "block",
  visibility: "visible",
  opacity: "1",
  position: "fixed",
  transform: "none",
  translate: "none",
  scale: "none",
  rotate: "none",
  filter: "none",
  mask: "none",
  "clip-path": "none",
  "content-visibility": "visible",
  "inset-block-start": "0px",
  "inset-block-end": "auto",
  "inset-inline-start": "0px",
  "inset-inline-end": "0px",
  "min-block-size": "2.75rem",
  "inline-size": "auto",
  "max-inline-size": "none",
  "max-block-size": "40vh",
  "margin-block-start": "0px",
};

/** React Aria leaves such an element alone when it opens a sheet, for those who read it too. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  popover: "manual",
  "data-react-aria-top-layer": "true",
};

/** How often it is looked at, if nothing says that it changed. */
const LOOK_MS = 1000;
/** Repairs within that time. More: somebody undoes each at once, and neither would ever stop. */
const MAX_REPAIRS = 20;

/** Where one element alone is in full screen, what lies elsewhere is seen at best, and takes no tap. */
function placeNow(): Element {
  const full = document.fullscreenElement;
  const isPage = full === null || full === document.documentElement;
  return isPage || full instanceof HTMLMediaElement ? document.body : full;
}

/**
 * Keep it in sight until the returned function is called.
 *
 * @param className its only class.
 * @param isWhole say whether its content is what it should be.
 * @param draw make the content anew.
 */
export function keepInSight(
  element: HTMLElement,
  className: string,
  isWhole: () => boolean,
  draw: () => void,
): () => void {
  let repairs = 0;
  let written = "";
  const put = () => {
    if (repairs >= MAX_REPAIRS) return; // the next look
    repairs += 1;
    const place = placeNow();
    if (element.parentElement !== place) {
      place.append(element);
      watch.observe(place, { childList: true });
    }
    for (const { name } of [...element.attributes]) {
      if (name !== "class" && name !== "style" && !Object.hasOwn(ATTRIBUTES, name)) {
        element.removeAttribute(name);
      }
    }
    for (const [name, value] of Object.entries(ATTRIBUTES)) {
      if (element.getAttribute(name) !== value) element.setAttribute(name, value);
    }
    if (element.className !== className) element.className = className;
    if (written === "" || element.getAttribute("style") !== written) {
      element.removeAttribute("style");
      for (const [name, value] of Object.entries(SEEN)) {
        element.style.setProperty(name, value, "important");
      }
      written = element.getAttribute("style") ?? "";
    }
    if (!element.matches(":popover-open")) element.showPopover();
    if (!isWhole()) draw();
    watch.takeRecords(); // these were ours
  };
  // What is opened again at once keeps its place in the top layer; what was taken away comes on top.
  const rise = () => {
    const held = element.contains(document.activeElement) ? document.activeElement : null;
    element.remove();
    put();
    if (held instanceof HTMLElement) held.focus();
  };
  const watch = new MutationObserver(put);
  watch.observe(element, {
    attributes: true,
    childList: true,
    subtree: true,
    characterData: true,
  });
  element.addEventListener("toggle", put);
  document.addEventListener("fullscreenchange", rise);
  const timer = setInterval(() => {
    repairs = 0;
    put();
  }, LOOK_MS);
  put();
  return () => {
    clearInterval(timer);
    watch.disconnect();
    element.removeEventListener("toggle", put);
    document.removeEventListener("fullscreenchange", rise);
    element.remove();
  };
}
