// Start page: copying, folding, the filter by name.
(() => {
  'use strict';
  const byId = (id) => document.getElementById(id);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  /** So many groups of the access matrix stay open at the start. */
  const MOST_OPEN = 24;

  for (const place of all('[data-origin]')) place.textContent = location.origin;

  window.copyText = async (button, text) => {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Can’t copy';
    }
    button.disabled = true;
    setTimeout(() => {
      button.textContent = label;
      button.disabled = false;
    }, 1200);
  };
  for (const button of all('[data-copy]')) {
    button.addEventListener('click', () => window.copyText(button, byId(button.dataset.copy).textContent.trim()));
  }

  // ---- folding -------------------------------------------------------------------------------------------------

  const groups = all('.matrix tbody');
  const fold = (group, open) => {
    group.classList.toggle('folded', !open);
    group.querySelector('.fold').setAttribute('aria-expanded', String(open));
  };
  const isOpen = (group) => !group.classList.contains('folded');
  for (const group of groups) {
    group.querySelector('.fold').addEventListener('click', () => fold(group, !isOpen(group)));
  }
  const foldAll = byId('fold');
  const showFoldAll = () => { foldAll.textContent = groups.every(isOpen) ? 'Close all' : 'Open all'; };
  foldAll.addEventListener('click', () => {
    const open = !groups.every(isOpen);
    groups.forEach((group) => fold(group, open));
    showFoldAll();
  });
  foldAll.hidden = groups.length < 2;
  if (groups.length > MOST_OPEN) groups.forEach((group) => fold(group, false));
  showFoldAll();

  // ---- filter --------------------------------------------------------------------------------------------------

  const filter = byId('filter');
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const part of all('[data-names]')) {
      part.hidden = !words.every((word) => part.dataset.names.includes(word));
    }
  };
  if (filter) filter.addEventListener('input', show);

  // ---- places --------------------------------------------------------------------------------------------------

  const openTarget = () => {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === 'DETAILS') target.open = true;
  };
  window.addEventListener('hashchange', openTarget);
  openTarget();
})();
