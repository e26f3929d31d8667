/** The widths at which every page is measured: phones, tablets upright and across, laptops, wide screens. */
export const widths = [320, 360, 768, 820, 932, 1024, 1280, 1920] as const;

/**
 * JavaScript for a browser: a function that takes a document and gives what is wrong with it at its width.
 *
 * - it must be scrolled to the side, or something stands out of the window or of its card (WCAG 2.2, 1.4.10)
 * - a word is broken although it has room in a line of its own. What only machines read may break anywhere, but people read error codes
 *   out to others. The title of the home page must give its words the room
 * - what a person presses is smaller than 24 times 24 px (WCAG 2.2, 2.5.8); a link within a sentence may be
 */
export const faultsAtThisWidth = `(doc) => {
  const view = doc.defaultView;
  const faults = [];
  const tell = (what, element) => faults.push(what + ': ' + element.outerHTML.slice(0, 90));
  const styleOf = (element, pseudo) => view.getComputedStyle(element, pseudo);
  const boxes = new Map();
  const contentBox = (element) => {
    if (!boxes.has(element)) boxes.set(element, boxOf(element));
    return boxes.get(element);
  };
  const boxOf = (element) => {
    const style = styleOf(element);
    const { left, right } = element.getBoundingClientRect();
    return { left: left + parseFloat(style.paddingLeft), right: right - parseFloat(style.paddingRight) };
  };

  const excess = doc.documentElement.scrollWidth - view.innerWidth;
  if (excess > 0) faults.push('wider than the window by ' + excess + ' px');

  for (const element of doc.querySelectorAll('body *')) {
    const { left, right, width } = element.getBoundingClientRect();
    // Without a width it is not shown. What is far from the window is for screen readers alone.
    if (width === 0 || right < 0 || left > view.innerWidth + 200 || element.closest('svg svg, svg *')) continue;
    // An open menu lies over cards.
    const card = element.closest('.menu ul') ? null : element.parentElement.closest('.card, tr, .doors li, fieldset');
    const room = card === null ? { left: 0, right: view.innerWidth } : contentBox(card);
    if (right > room.right + 0.5 || left < room.left - 0.5) tell('stands out of ' + (card ? 'its card' : 'the window'), element);
  }

  const texts = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const range = doc.createRange();
    range.selectNodeContents(node);
    if (range.getClientRects().length < 2 || node.parentElement.closest('code, .reference dd, style, script')) continue;
    const widthOf = (start, length) => {
      range.setStart(node, start);
      range.setEnd(node, start + length);
      return [...range.getClientRects()].reduce((sum, { width }) => sum + width, 0);
    };
    const lineOf = (index) => {
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      return Math.round([...range.getClientRects()].at(-1)?.bottom ?? 0);
    };
    for (const found of node.data.matchAll(/\\S+/g)) {
      // Addresses, ids and names of claims have no syllables. Chinese and Japanese break between any two signs.
      if (/[@_\\d]|:\\/\\/|[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}]/u.test(found[0])) continue;
      for (const word of found[0].matchAll(/[\\p{L}\\p{M}'’]+/gu)) {
        const start = found.index + word.index;
        range.setStart(node, start);
        range.setEnd(node, start + word[0].length);
        const parts = [...range.getClientRects()].filter(({ width }) => width > 0);
        if (new Set(parts.map(({ bottom }) => Math.round(bottom))).size < 2) continue;
        // After a soft hyphen the first sign may stand on the next line. The hyphen at the end of the line before belongs to no part.
        if (lineOf(start) === lineOf(start + word[0].length - 1)) continue;
        let block = node.parentElement;
        while (styleOf(block).display.startsWith('inline') && styleOf(block).display !== 'inline-flex') block = block.parentElement;
        const { left, right } = contentBox(block);
        if (widthOf(found.index, found[0].length) <= right - left) tell('the word ' + word[0] + ' is broken', block);
      }
    }
  }

  for (const code of doc.querySelectorAll('.reference dd')) {
    const range = doc.createRange();
    range.selectNodeContents(code);
    if (/^ERR_[A-Z_]+$/.test(code.textContent) && range.getClientRects().length > 1) tell('the code is broken', code);
  }

  for (const title of doc.querySelectorAll('.split h1')) {
    const node = title.firstChild;
    for (const word of node?.data?.matchAll(/\\p{L}+/gu) ?? []) {
      const range = doc.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (word[0].length < 20 && range.getClientRects().length > 1) tell('the word ' + word[0] + ' is broken', title);
    }
  }

  for (const target of doc.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')) {
    const around = target.closest('label') ?? (styleOf(target, '::after').position === 'absolute' ? target.closest('li') : null);
    const { width, height, right } = (around ?? target).getBoundingClientRect();
    const isInSentence = styleOf(target).display === 'inline' && target.parentElement.textContent.trim() !== target.textContent.trim();
    if (right > 0 && !isInSentence && (width < 23.9 || height < 23.9)) tell('smaller than 24 px', target);
  }
  return faults;
}`;
