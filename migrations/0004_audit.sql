{{core audit}}
