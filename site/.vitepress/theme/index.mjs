import DefaultTheme from 'vitepress/theme-without-fonts';
import { h } from 'vue';
import door from './door.svg?raw';
import './site.css';

/** The picture of the home page takes the colours of the scheme, so it is part of the page. */
const picture = () => h('div', { class: 'door image-src', innerHTML: door });

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'home-hero-image': picture }),
};
