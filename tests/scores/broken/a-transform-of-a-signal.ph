out: sine 110 $ rev
