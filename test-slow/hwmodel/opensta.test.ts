import assert from "node:assert/strict";
import { getElement } from "../../formats/index.ts";
import { parseLiberty } from "../../hwmodel/libraries/index.ts";
import { arrivalTimes, toVerilog } from "../../hwmodel/netlist/index.ts";
import { recipeById, synthesizeMac, wasmYosys } from "../../hwmodel/synthesis/index.ts";
import { missing, osuLiberty, read, runTool } from "./tools.ts";

const absent = missing(["sta"], [osuLiberty]);

describe("OpenSTA", function () {
  this.timeout(300_000);

  it(`times MACs in a vendor's cells as we do from the same file, to 20 %${absent && ` (skipped: ${absent})`}`, async function () {
    if (absent) return this.skip();
    const library = parseLiberty(read(osuLiberty), "osu018_stdcells.lib");
    const yosys = wasmYosys(1);
    try {
      const ratios: Record<string, number> = {};
      for (const id of ["int4", "e2m1", "e3m0", "apot4", "int8"]) {
        const element = getElement(id);
        const { netlist } = await synthesizeMac(element, element, { yosys, library, recipes: [recipeById("amap")] });
        const script = `read_liberty ${osuLiberty}
read_verilog netlist.v
link_design ${netlist.name}
create_clock -name clk -period 100 [get_ports clk]
set_input_delay 0 -clock clk [get_ports {weight activation}]
report_checks -path_delay max -digits 5
exit
`;
        const report = runTool("sta", ["-no_splash", "-exit", "run.tcl"], {
          "netlist.v": toVerilog(netlist),
          "run.tcl": script,
        });
        const arrival = Number(/([\d.]+)\s+data arrival time/.exec(report)?.[1]) * 1000;
        assert.ok(arrival > 0, report);
        ratios[id] = arrivalTimes(netlist).delayPs / arrival;
      }
      console.log("    our delay over OpenSTA's:", ratios);
      for (const [id, ratio] of Object.entries(ratios)) assert.ok(Math.abs(ratio - 1) < 0.2, `${id}: ${ratio}`);
    } finally {
      await yosys.close();
    }
  });
});
