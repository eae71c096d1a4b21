/** The entry of the console's page. */
import { render } from 'preact';
import { App } from './app';
import { applyTheme } from './theme';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/debugger.css';
import './styles/forms.css';
import './styles/apps.css';
import './styles/palette.css';
import './styles/traffic.css';
import './styles/sample.css';

applyTheme();
const root = document.getElementById('app');
if (root) render(<App />, root);
