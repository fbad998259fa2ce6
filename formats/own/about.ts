import type { AboutFamily } from "../about.ts";

export const aboutOwnBooks: AboutFamily = {
  grammar:
    "`[-1,-0.5,0,0.5,1]` (your own values in code order) and `[sign(i)*(4^(abs(i)/8)-1)/3;i=-7..8]` (a formula), with `;bits=N` and `;tie=down` where wanted",
  about: (element) => element.about,
};
