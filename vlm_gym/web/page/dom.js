// What all parts of the page use. Every text gets onto the page through textContent.

export const byId = (id) => document.getElementById(id);
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export const shortName = (id) => id.replace("vlm_gym/", "").replace(/-v\d+$/, "");
export const signed = (value) => (value > 0 ? `+${round(value)}` : value < 0 ? `−${round(-value)}` : "0");
const round = (value) => String(Math.round(value * 1000) / 1000);
export const percent = (value) => `${Math.round(value * 1000) / 10} %`;
