-- Another template: the operator replaces the pods one by one, when nobody loses a lookup by it.
local os = require("os")
local function inside(parent, name)
  if parent[name] == nil then
    parent[name] = {}
  end
  return parent[name]
end
local annotations = inside(inside(inside(obj.spec, "pod"), "metadata"), "annotations")
annotations["kubectl.kubernetes.io/restartedAt"] = os.date("!%Y-%m-%dT%XZ")
return obj
